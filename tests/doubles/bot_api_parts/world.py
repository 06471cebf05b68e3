"""Chats, messages and files as Telegram's side knows them. In memory only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from tests.doubles.bot_api_parts.errors import ApiError, bad_request

Reach = Literal["open", "blocked", "deactivated", "never_started", "not_found", "kicked", "migrated"]
Json = dict[str, Any]

_REFUSALS = {
    "blocked": (403, "Forbidden: bot was blocked by the user"),
    "deactivated": (403, "Forbidden: user is deactivated"),
    "never_started": (403, "Forbidden: bot can't initiate conversation with a user"),
    "not_found": (400, "Bad Request: chat not found"),
}


@dataclass
class Chat:
    """`messages`: everything visible in the chat, the bot's and people's, by message id."""

    id: int
    kind: str
    name: str
    reach: Reach = "open"
    moved_to: int | None = None
    messages: dict[int, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.view: Json = {"id": self.id, "type": self.kind, ("first_name" if self.kind == "private" else "title"): self.name}

    def open(self) -> None:
        """Raise what a send here is answered with, unless it arrives."""
        if self.reach == "open":
            return
        if self.moved_to:
            raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.moved_to)
        if self.reach == "kicked":
            raise ApiError(403, f"Forbidden: bot was kicked from the {self.kind} chat")
        raise ApiError(*_REFUSALS[self.reach])


@dataclass(frozen=True)
class File:
    id: str
    kind: str
    data: bytes

    @property
    def path(self) -> str:
        return f"{self.kind}s/{self.id}"


class World:
    """`strangers`: how a chat nobody mentioned before is met, `open` or `not_found`."""

    def __init__(self, username: str, strangers: Reach, clock: Callable[[], float]):
        self.me: Json = {
            "id": 8_000_001,
            "is_bot": True,
            "first_name": "Loa",
            "username": username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, File] = {}
        self.callbacks: set[str] = set()
        self.commands: list[Json] = []
        self.clock = clock
        self._strangers = strangers
        self._message_ids, self._file_ids, self._poll_ids = count(1), count(1), count(5_000_000)

    def chat(self, chat_id: int) -> Chat:
        if (chat := self.chats.get(chat_id)) is None:
            kind = "private" if chat_id > 0 else "supergroup" if chat_id <= -1_000_000_000_000 else "group"
            name = f"Bà con {chat_id}" if chat_id > 0 else f"Xóm {-chat_id}"
            chat = self.chats[chat_id] = Chat(chat_id, kind, name, self._strangers)
        return chat

    def post(self, chat: Chat, sender: Json, **content: Any) -> Json:
        """Put a message into a chat."""
        message = {
            "message_id": next(self._message_ids),
            "date": int(self.clock()),
            "chat": chat.view,
            "from": {key: sender[key] for key in ("id", "is_bot", "first_name", "username") if key in sender},
            **content,
        }
        chat.messages[message["message_id"]] = message
        return message

    def new_poll_id(self) -> str:
        return str(next(self._poll_ids))

    def store(self, kind: str, data: bytes) -> File:
        number = next(self._file_ids)
        file = File(f"{kind}-{number:06d}-AgACAgUAAxkBAAIB", kind, data)
        self.files[file.id] = file
        return file

    def known_file(self, kind: str, file_id: str) -> File:
        file = self.files.get(file_id)
        if file is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if file.kind != kind:
            raise bad_request(f"can't use file of type {file.kind.capitalize()} as {kind.capitalize()}")
        return file


def media_view(file: File) -> Any:
    """The field of a message that shows this file."""
    base = {"file_id": file.id, "file_unique_id": f"u{file.id[:16]}", "file_size": len(file.data)}
    match file.kind:
        case "photo":
            return [{**base, "width": 90, "height": 60}, {**base, "width": 1280, "height": 853}]
        case "video":
            return {**base, "width": 1280, "height": 720, "duration": 20}
        case "audio" | "voice":
            return {**base, "duration": 4}
        case "sticker":
            return {**base, "width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
    return base
