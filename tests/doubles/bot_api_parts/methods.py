"""The Bot API's methods, with the limits and the words of refusal of the real ones."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.doubles.bot_api_parts.errors import ApiError, bad_request
from tests.doubles.bot_api_parts.markup import parse_html, utf16
from tests.doubles.bot_api_parts.rates import Rates
from tests.doubles.bot_api_parts.world import Chat, Json, World, media_view

TEXT, CAPTION, CALLBACK_DATA, BUTTONS, ROW, ENTITIES = 4096, 1024, 64, 100, 8, 100
PHOTO_BYTES, FILE_BYTES = 10 * 2**20, 50 * 2**20

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """`files`: uploaded bytes by field name."""

    params: Params
    files: Mapping[str, bytes]

    def number(self, name: str, default: int = 0) -> int:
        try:
            return int(self.params.get(name, default))
        except ValueError:
            raise bad_request(f"{name} must be an integer") from None

    def flag(self, name: str) -> bool:
        return str(self.params.get(name, "")).lower() == "true"

    def json(self, name: str) -> Any:
        value = self.params.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    @property
    def chat_id(self) -> int | None:
        try:
            return int(self.params["chat_id"])
        except (KeyError, ValueError):
            return None


class Methods:
    """`sends`: methods that put messages in front of a resident; only they are counted and refused by `rates`."""

    def __init__(self, world: World, rates: Rates):
        self._world, self._rates, self._groups = world, rates, count(13_000_000_000)
        self.sends: dict[str, Callable[[Request, Chat], Any]] = {
            "sendmessage": self._send_message,
            "sendpoll": self._send_poll,
            "sendmediagroup": self._send_media_group,
            "copymessage": self._copy_message,
            **{f"send{kind}": self._media_sender(kind) for kind in ("photo", "video", "audio", "document", "voice")},
        }
        self._others: dict[str, Callable[[Request], Any]] = {
            "getme": lambda request: world.me,
            "editmessagetext": self._edit_text,
            "editmessagecaption": self._edit_caption,
            "editmessagereplymarkup": self._edit_markup,
            "deletemessage": self._delete,
            "answercallbackquery": self._answer_callback,
            "sendchataction": self._chat_action,
            "setmycommands": self._set_commands,
            "getmycommands": lambda request: world.commands,
            "getchat": lambda request: {**self._reachable(request).view, "accent_color_id": 0, "max_reaction_count": 11},
            "getchatmember": lambda request: {
                "status": "member",
                "user": {"id": request.number("user_id"), "is_bot": False, "first_name": "Bà con"},
            },
            "getfile": self._get_file,
        }

    def run(self, method: str, request: Request) -> Any:
        """The `result` of a call. Raises ApiError."""
        if (send := self.sends.get(method)) is not None:
            chat = self._reachable(request)
            self._rates.check(chat.id)
            return send(request, chat)
        if (other := self._others.get(method)) is not None:
            return other(request)
        raise ApiError(404, "Not Found")

    def _reachable(self, request: Request) -> Chat:
        if request.chat_id is None:
            raise bad_request("chat_id is empty" if "chat_id" not in request.params else "chat not found")
        chat = self._world.chat(request.chat_id)
        chat.open()
        return chat

    # --- sending

    def _send_message(self, request: Request, chat: Chat) -> Json:
        return self._post(request, chat, **_text(request, "text", TEXT, "message is too long"))

    def _media_sender(self, kind: str) -> Callable[[Request, Chat], Json]:
        def send(request: Request, chat: Chat) -> Json:
            return self._post(request, chat, **self._media(request, kind, request.params.get(kind, "")), **_caption(request))

        return send

    def _media(self, request: Request, kind: str, value: str) -> Json:
        name = value.removeprefix("attach://") if value.startswith("attach://") else kind
        if (data := request.files.get(name)) is not None:
            if len(data) > FILE_BYTES or (kind == "photo" and len(data) > PHOTO_BYTES):
                raise ApiError(413, "Request Entity Too Large")
            if not data:
                raise bad_request("file must be non-empty")
            file = self._world.store(kind, data)
        elif value.startswith(("http://", "https://")):
            file = self._world.store(kind, value.encode())
        elif value:
            file = self._world.known_file(kind, value)
        else:
            raise bad_request(f"there is no {kind} in the request")
        return {kind: media_view(file)}

    def _send_media_group(self, request: Request, chat: Chat) -> list[Json]:
        items = _album(request)
        for item in items:
            if item["media"].startswith("attach://") and item["media"].removeprefix("attach://") not in request.files:
                raise bad_request("can't parse InputMedia: media not found")
        group = str(next(self._groups))
        contents = [
            {**self._media(request, item["type"], item["media"]), **_caption(Request(item, {})), "media_group_id": group} for item in items
        ]
        # An album has no keyboard: one that is given all the same is passed over in silence, as by Telegram.
        without = Request({name: value for name, value in request.params.items() if name != "reply_markup"}, {})
        return [self._post(without, chat, **content) for content in contents]

    def _send_poll(self, request: Request, chat: Chat) -> Json:
        question, options = str(request.params.get("question", "")), request.json("options") or []
        texts = [option["text"] if isinstance(option, dict) else option for option in options]
        explanation = str(request.params.get("explanation", ""))
        correct = request.json("correct_option_ids") or (
            [request.number("correct_option_id")] if "correct_option_id" in request.params else []
        )
        kind = request.params.get("type", "regular")
        for wrong, words in (
            (not question.strip(), "poll question must be non-empty"),
            (utf16(question) > 300, "poll question length must not exceed 300"),
            (not texts, "poll must have at least 1 answer option"),
            (len(texts) > 12, "poll can't have more than 12 options"),
            (any(not text.strip() for text in texts), "poll options must be non-empty"),
            (any(utf16(text) > 100 for text in texts), "poll options length must not exceed 100"),
            (utf16(explanation) > 200, "message caption is too long"),
            (explanation.count("\n") > 2, "quiz explanation contains too many line feeds"),
            (kind == "quiz" and not correct, "quiz must have at least one correct option"),
            (any(not 0 <= index < len(texts) for index in correct), "wrong correct option ID specified"),
        ):
            if wrong:
                raise bad_request(words)
        poll: Json = {
            "id": self._world.new_poll_id(),
            "question": question,
            "type": kind,
            "options": [{"text": text, "voter_count": 0, "persistent_id": f"p{index}"} for index, text in enumerate(texts)],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": request.params.get("is_anonymous", "true") != "false",
            "allows_multiple_answers": request.flag("allows_multiple_answers"),
            "allows_revoting": kind != "quiz",
            "members_only": False,
        }
        if kind == "quiz":
            poll |= {"correct_option_ids": correct, "explanation": explanation}
        return self._post(request, chat, poll=poll)

    def _copy_message(self, request: Request, chat: Chat) -> Json:
        source = self._world.chat(request.number("from_chat_id")).messages.get(request.number("message_id"))
        if source is None:
            raise bad_request("message to copy not found")
        kept = {key: value for key, value in source.items() if key not in {"message_id", "date", "chat", "from", "reply_markup"}}
        return {"message_id": self._post(request, chat, **kept)["message_id"]}

    def _post(self, request: Request, chat: Chat, **content: Any) -> Json:
        if (keyboard := _keyboard(request)) is not None:
            content["reply_markup"] = keyboard
        reply = request.json("reply_parameters")
        if reply and (answered := chat.messages.get(int(reply["message_id"]))):
            content["reply_to_message"] = answered
        return self._world.post(chat, self._world.me, **content)

    # --- changing what was sent

    def _edit_text(self, request: Request) -> Json:
        return self._edit(request, _text(request, "text", TEXT, "message is too long"))

    def _edit_caption(self, request: Request) -> Json:
        return self._edit(request, _caption(request))

    def _edit_markup(self, request: Request) -> Json:
        return self._edit(request, {})

    def _edit(self, request: Request, content: Json) -> Json:
        message = self._reachable(request).messages.get(request.number("message_id"))
        if message is None:
            raise bad_request("message to edit not found")
        if message["from"]["id"] != self._world.me["id"]:
            raise bad_request("message can't be edited")
        keyboard = _keyboard(request)
        if all(message.get(key) == value for key, value in content.items()) and message.get("reply_markup") == keyboard:
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the same as a current"
                " content and reply markup of the message"
            )
        message.pop("reply_markup", None)
        message |= content | ({"reply_markup": keyboard} if keyboard else {}) | {"edit_date": int(self._world.clock())}
        return message

    def _delete(self, request: Request) -> bool:
        if self._reachable(request).messages.pop(request.number("message_id"), None) is None:
            raise bad_request("message to delete not found")
        return True

    # --- the rest

    def _answer_callback(self, request: Request) -> bool:
        if utf16(str(request.params.get("text", ""))) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        try:
            self._world.callbacks.remove(str(request.params.get("callback_query_id")))
        except KeyError:
            raise bad_request("query is too old and response timeout expired or query ID is invalid") from None
        return True

    def _chat_action(self, request: Request) -> bool:
        self._reachable(request)
        if request.params.get("action") not in {"typing", "upload_photo", "upload_video", "upload_document", "upload_voice"}:
            raise bad_request("wrong parameter action in request")
        return True

    def _set_commands(self, request: Request) -> bool:
        commands = request.json("commands") or []
        for command in commands:
            name, description = command["command"], command["description"]
            if not (1 <= len(name) <= 32 and name.isascii() and name.replace("_", "a").isalnum() and name == name.lower()):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(description) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        if len(commands) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self._world.commands = commands
        return True

    def _get_file(self, request: Request) -> Json:
        file = self._world.files.get(str(request.params.get("file_id")))
        if file is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        return {"file_id": file.id, "file_unique_id": f"u{file.id[:16]}", "file_size": len(file.data), "file_path": file.path}


def _text(request: Request, name: str, limit: int, too_long: str) -> Json:
    """The parsed text as message fields `text` and `entities` (or `caption` and `caption_entities`)."""
    source, entities = str(request.params.get(name, "")), request.json("entities") or []
    if str(request.params.get("parse_mode", "")).upper() == "HTML":
        try:
            source, entities = parse_html(source)
        except ValueError as error:
            raise bad_request(f"can't parse entities: {error}") from None
    text = source.strip()
    if not text and name == "text":
        raise bad_request("message text is empty")
    if utf16(text) > limit:
        raise bad_request(too_long)
    if not text:
        return {}
    return {name: text, ("entities" if name == "text" else "caption_entities"): entities[:ENTITIES]} if entities else {name: text}


def _album(request: Request) -> list[Json]:
    """The items of an album, of kinds that go together. Telegram would send a single one as an ordinary message; nobody should rely on it."""
    if "media" not in request.params:
        raise bad_request('parameter "media" is required')
    items = request.json("media")
    if not isinstance(items, list) or not all(isinstance(item, dict) and isinstance(item.get("media"), str) for item in items):
        raise bad_request("expected an Array of InputMedia")
    kinds = {item.get("type") for item in items}
    for wrong, words in (
        (not items, "there are no messages to send"),
        (len(items) == 1, "too few messages to send as an album"),
        (len(items) > 10, "too many messages to send as an album"),
        (
            kinds - {"photo", "video", "audio", "document"},
            f'can\'t parse InputMedia: type "{items[0].get("type") if items else ""}" is unsupported',
        ),
        ("document" in kinds and len(kinds) > 1, "document can't be mixed with other media types"),
        ("audio" in kinds and len(kinds) > 1, "audio can't be mixed with other media types"),
    ):
        if wrong:
            raise bad_request(words)
    return items


def _caption(request: Request) -> Json:
    return _text(request, "caption", CAPTION, "message caption is too long")


def _keyboard(request: Request) -> Json | None:
    """The inline keyboard, checked; other markup is accepted and, as by Telegram, not shown in the answer."""
    if "reply_markup" not in request.params:
        return None
    markup = request.json("reply_markup")
    if not markup or "inline_keyboard" not in markup:
        return None
    rows = markup["inline_keyboard"]
    # Telegram lays long rows out anew as it likes; here that is refused, so that nobody relies on it.
    if sum(map(len, rows)) > BUTTONS or any(len(row) > ROW for row in rows):
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    for button in (button for row in rows for button in row):
        if not button.get("text", "").strip():
            raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= CALLBACK_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
        if "url" in button and not button["url"].startswith(("http://", "https://", "tg://")):
            raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
        if "callback_data" not in button and "url" not in button:
            raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    return {"inline_keyboard": rows}
