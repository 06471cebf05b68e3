"""What people do: every act becomes the update Telegram would send, in the shape it sends it."""

import re
from itertools import count
from typing import Any

from tests.doubles.bot_api_parts.markup import utf16
from tests.doubles.bot_api_parts.updates import Updates
from tests.doubles.bot_api_parts.world import Chat, Json, Reach, World, media_view

_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]+(?:@[A-Za-z0-9_]+)?")
_MENTION = re.compile(r"(?<!\w)@[A-Za-z0-9_]{5,}")


class Residents:
    """Each method returns the update it queued. In a private chat the person has the chat's id; in a group name the `user`."""

    world: World
    updates: Updates

    def __init__(self) -> None:
        self._update_ids, self._query_ids = count(700_000_001), count(1)

    def person(self, chat: int, name: str) -> None:
        """Give a person or group its name."""
        known = self.world.chat(chat)
        known.name = known.view["first_name" if chat > 0 else "title"] = name

    def say(self, chat: int, text: str, *, user: int | None = None, reply_to: int | None = None) -> Json:
        """Type something. Commands and mentions are marked as entities, as Telegram marks them."""
        return self._message(chat, user, reply_to, text=text, **_entities(text, "entities"))

    def send(self, chat: int, kind: str, *, user: int | None = None, caption: str = "") -> Json:
        """Send a photo, voice, video, audio, document, sticker, location or contact."""
        content: Json = {"caption": caption, **_entities(caption, "caption_entities")} if caption else {}
        if kind == "location":
            content[kind] = {"latitude": 18.67, "longitude": 105.69}
        elif kind == "contact":
            content[kind] = {"phone_number": "+84900000000", "first_name": "Người quen"}
        else:
            content[kind] = media_view(self.world.store(kind, b"\x00\x01"))
        if kind == "sticker":
            content[kind]["emoji"] = "👍"
        return self._message(chat, user, None, **content)

    def edit(self, chat: int, text: str, *, message_id: int | None = None) -> Json:
        """Change what was typed: the message named, or the person's last."""
        messages = self.world.chat(chat).messages
        message = messages[message_id or max(key for key, value in messages.items() if not value["from"]["is_bot"])]
        message |= {"text": text, "edit_date": int(self.world.clock()), **_entities(text, "entities")}
        return self._queue("edited_message", dict(message))

    def press(self, chat: int, button: str, *, user: int | None = None, message_id: int | None = None) -> Json:
        """Tap the button with this text or callback data, on the newest message that has it (or the one named)."""
        messages = self.world.chat(chat).messages
        for key in sorted(messages, reverse=True):
            for row in messages[key].get("reply_markup", {}).get("inline_keyboard", []):
                for shown in row:
                    if message_id in (None, key) and button in (shown["text"], shown.get("callback_data")):
                        return self._callback(chat, user, messages[key], shown["callback_data"])
        raise LookupError(f"no message here has a button {button!r}")

    def press_again(self, update: Json) -> Json:
        """The same tap as a new update, as apps send it after reconnecting."""
        query = update["callback_query"]
        return self._callback(query["message"]["chat"]["id"], query["from"]["id"], query["message"], query["data"])

    def block(self, chat: int) -> Json:
        return self._membership(chat, "member", "kicked", reach="blocked")

    def unblock(self, chat: int) -> Json:
        return self._membership(chat, "kicked", "member", reach="open")

    def join(self, group: int, *, by: int = 11) -> Json:
        """Somebody adds the bot to a group."""
        return self._membership(group, "left", "member", reach="open", user=by)

    def kick(self, group: int, *, by: int = 11) -> Json:
        return self._membership(group, "member", "kicked", reach="kicked", user=by)

    def migrate(self, group: int, new: int) -> Json:
        """The group becomes a supergroup with a new id; sends to the old one are refused with it."""
        old = self.world.chat(group)
        self.world.chat(new).name = old.name
        update = self._message(group, 11, None, migrate_to_chat_id=new)
        old.reach, old.moved_to = "migrated", new
        self._message(new, 11, None, migrate_from_chat_id=group)
        return update

    def reach(self, chat: int, how: Reach, moved_to: int | None = None) -> None:
        """Set how sends to this chat end, without telling the bot."""
        known = self.world.chat(chat)
        known.reach, known.moved_to = how, moved_to

    def push(self, update: Json) -> Json:
        """Queue a raw update, with the id it has: for repeats, old ids and shapes nobody foresaw."""
        self.updates.put(update)
        return update

    # --- shapes

    def _message(self, chat: int, user: int | None, reply_to: int | None, **content: Any) -> Json:
        place = self.world.chat(chat)
        if reply_to is not None:
            content["reply_to_message"] = place.messages[reply_to]
        return self._queue("message", dict(self.world.post(place, self._user(place, user), **content)))

    def _callback(self, chat: int, user: int | None, message: Json, data: str) -> Json:
        query = str(4_000_000_000 + next(self._query_ids))
        self.world.callbacks.add(query)
        sender = self._user(self.world.chat(chat), user)
        return self._queue("callback_query", {"id": query, "from": sender, "message": dict(message), "chat_instance": "1", "data": data})

    def _membership(self, chat: int, old: str, new: str, *, reach: Reach, user: int | None = None) -> Json:
        place = self.world.chat(chat)
        place.reach = reach
        me = {key: self.world.me[key] for key in ("id", "is_bot", "first_name", "username")}
        statuses = {
            name: {"user": me, "status": status} | ({"until_date": 0} if status == "kicked" else {})
            for name, status in (("old_chat_member", old), ("new_chat_member", new))
        }
        return self._queue(
            "my_chat_member", {"chat": place.view, "from": self._user(place, user), "date": int(self.world.clock()), **statuses}
        )

    def _user(self, chat: Chat, user: int | None) -> Json:
        if chat.kind != "private" and user is None:
            raise ValueError("say who in the group: user=…")
        person = chat if user is None else self.world.chat(user)
        return {"id": person.id, "is_bot": False, "first_name": person.name, "language_code": "vi"}

    def _queue(self, kind: str, body: Json) -> Json:
        update = {"update_id": next(self._update_ids), kind: body}
        self.updates.put(update)
        return update


def _entities(text: str, name: str) -> Json:
    found = [
        {"type": kind, "offset": utf16(text[: match.start()]), "length": utf16(match.group())}
        for kind, pattern in (("bot_command", _COMMAND), ("mention", _MENTION))
        for match in pattern.finditer(text)
    ]
    return {name: found} if found else {}
