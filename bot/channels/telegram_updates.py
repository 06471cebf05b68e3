"""Telegram's updates as what a resident did: one handler of python-telegram-bot for each kind; all other updates are ignored."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telegram import Chat, Message, MessageEntity, Update
from telegram.constants import ChatMemberStatus, ChatType, UpdateType
from telegram.ext import BaseHandler, CallbackQueryHandler, ChatMemberHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.messages import Address, Incoming, IncomingKind

CHANNEL = "telegram"
ALLOWED = [UpdateType.MESSAGE, UpdateType.EDITED_MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER]
START = "/help"  # what /start without a payload asks: it is answered even while Rasa is away


@dataclass(frozen=True)
class Command:
    """`does`: the payload, or the stop word, that it stands for."""

    name: str
    description: str
    does: str


COMMANDS = (
    Command("batdau", "Bắt đầu: xem Loa giúp được gì", START),
    Command("hoi", "Hỏi một câu, hoặc chọn trong các mục có sẵn", "/menu"),
    Command("dangky", "Đăng ký nhận tin của xã, phường", "/subscribe"),
    Command("huy", "Thôi nhận tin", "DỪNG"),
    Command("dulieu", "Xem hoặc xóa dữ liệu Loa lưu về bà con", "/mydata"),
    Command("trogiup", "Cách dùng Loa và cách gặp người thật", "/help"),
)
_DOES = {command.name: command.does for command in COMMANDS} | {"help": "/help", "stop": "DỪNG"}

# `t.me/<bot>?start=topic_dinh_danh__o_dau`: a double underscore stands for the slash. Anyone can write such a link, so it only asks.
_TOPIC_LINK = re.compile(r"topic_([a-z0-9_]+?)__([a-z0-9_]+)")

Take = Callable[[Incoming], None]


def handlers(take: Take) -> list[BaseHandler[Any, Any, Any]]:
    """Handlers that give `take` what an update means, if it means anything."""
    albums: deque[str] = deque(maxlen=256)

    def on(read: Callable[[Update], Incoming | None]) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Any]:
        async def callback(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
            if incoming := read(update):
                take(incoming)

        return callback

    def attachment(update: Update) -> Incoming | None:
        """An album comes as a message for each picture; it is answered once."""
        album = update.message.media_group_id if update.message else None
        if album:
            if album in albums:
                return None
            albums.append(album)
        return media(update)

    return [
        ChatMemberHandler(on(membership), ChatMemberHandler.MY_CHAT_MEMBER),
        CallbackQueryHandler(on(pressed)),
        CommandHandler("start", on(start)),
        CommandHandler(list(_DOES), on(command)),
        MessageHandler(filters.TEXT & _ADDRESSED, on(typed)),
        # Edits of media say nothing new, and a live location is edited every few seconds.
        MessageHandler(filters.ATTACHMENT & _ADDRESSED & filters.UpdateType.MESSAGE, on(attachment)),
    ]


def start(update: Update) -> Incoming | None:
    payload = _after_command(update)
    link = _TOPIC_LINK.fullmatch(payload)
    return _incoming(update, "payload", f"/topic {link[1]}/{link[2]}" if link else START)


def command(update: Update) -> Incoming | None:
    message = update.effective_message
    if not message or not message.text:
        return None
    name = message.text[1:].split()[0].partition("@")[0].lower()
    question = _after_command(update)
    if name == "hoi" and question:
        return _incoming(update, "text", question)
    does = _DOES[name]
    return _incoming(update, "payload" if does.startswith("/") else "text", does)


def typed(update: Update) -> Incoming | None:
    message = update.effective_message
    if not message or not message.text:
        return None
    text = message.text if message.chat.type == ChatType.PRIVATE else _without_mention(message, message.text)
    return _incoming(update, "text", text) if text else _incoming(update, "payload", "/menu")


def pressed(update: Update) -> Incoming | None:
    query = update.callback_query
    return _incoming(update, "payload", query.data) if query and query.data else None


_KINDS = ("voice", "photo", "sticker", "document", "location", "contact")


def media(update: Update) -> Incoming | None:
    message = update.effective_message
    if not message:
        return None
    kind = "voice" if message.video_note else next((kind for kind in _KINDS if getattr(message, kind)), "other")
    return _incoming(update, "media", message.caption or "", media=kind)


def membership(update: Update) -> Incoming | None:
    """Blocked, unblocked, added to a group, thrown out of one."""
    change = update.my_chat_member
    if not change or change.chat.type == ChatType.CHANNEL:
        return None
    outside = (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT)
    was_outside, is_outside = (member.status in outside for member in (change.old_chat_member, change.new_chat_member))
    if is_outside:
        return _incoming(update, "blocked", "")
    return _incoming(update, "unblocked", "") if was_outside else None


def _incoming(update: Update, kind: IncomingKind, text: str, media: str | None = None) -> Incoming | None:
    chat: Chat | None = update.effective_chat
    if chat is None:
        return None
    edited = update.edited_message is not None
    return Incoming(Address(CHANNEL, str(chat.id)), str(update.update_id), kind, _clean(text), media, _at(update), edited)


def _at(update: Update) -> datetime | None:
    if update.edited_message:
        return update.edited_message.edit_date
    dated = update.message or update.my_chat_member
    return dated.date if dated else None  # a press has no time of its own


def _clean(text: str) -> str:
    """Without what no database stores: NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()


def _after_command(update: Update) -> str:
    words = (update.effective_message.text or "" if update.effective_message else "").split(maxsplit=1)
    return words[1] if len(words) > 1 else ""


def _without_mention(message: Message, text: str) -> str:
    """What is left of a group message when the bot's own name is taken out."""
    return " ".join(re.sub(rf"@{re.escape(message.get_bot().username)}\b", " ", text, flags=re.IGNORECASE).split())


class _Addressed(filters.MessageFilter):
    """Meant for the bot: in private always, in a group by a mention or as a reply to it. (Commands have handlers of their own.)"""

    def filter(self, message: Message) -> bool:
        if message.chat.type == ChatType.PRIVATE:
            return True
        me = message.get_bot()
        answered = message.reply_to_message
        if answered and answered.from_user and answered.from_user.id == me.id:
            return not (message.text or "").startswith("/")
        mentions = message.parse_entities([MessageEntity.MENTION]) | message.parse_caption_entities([MessageEntity.MENTION])
        return any(mention.lower() == f"@{me.username}".lower() for mention in mentions.values())


_ADDRESSED = _Addressed()
