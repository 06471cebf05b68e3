"""One bench a channel: the real adapter over a loopback platform, and a look at what the resident can read and press there.

A new channel is done when its bench is in `BENCHES` and the table in `test_channels.py` passes.
"""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bot.channels.base import Channel
from bot.channels.telegram import TelegramChannel
from bot.channels.terminal import TerminalChannel
from bot.channels.web import WebChannel
from bot.clock import SystemClock
from bot.messages import Address, Message
from tests.doubles.bot_api import BotApi


@dataclass(frozen=True)
class Shown:
    """One message as the resident sees it: plain text with markup resolved, button labels with what they send or open."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Bench:
    """`trouble`: makes the platform meet the next send with a named trouble; None where sending is a matter of this process.
    `arrive`: the resident writes, under this id of the platform's; None where nothing arrives by itself."""

    channel: Channel
    to: Address
    shown: Callable[[], list[Shown]]
    trouble: Callable[[str], None] | None = None
    arrive: Callable[[int, str], None] | None = None


@asynccontextmanager
async def terminal() -> AsyncIterator[Bench]:
    out = io.StringIO()

    def shown() -> list[Shown]:
        return [Shown(out.getvalue().removesuffix("\n"))]

    yield Bench(TerminalChannel(out), Address("terminal", "me"), shown)


class Page:
    """An outbox that is read at once."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def put(self, session: str, message: Message, consent: bool) -> str:
        self.messages.append(message)
        return str(len(self.messages))


@asynccontextmanager
async def web() -> AsyncIterator[Bench]:
    page = Page()

    def shown() -> list[Shown]:
        return [
            Shown(message.full_text, tuple((button.text, button.payload or button.url or "") for button in chain(*message.buttons)))
            for message in page.messages
        ]

    yield Bench(WebChannel(page), Address("web", "session"), shown)


_TELEGRAM_TROUBLES: dict[str, dict[str, Any]] = {
    "wait": {"kind": "too_many", "retry_after": 7},
    "server error": {"kind": "error", "status": 500},
    "no answer in time": {"kind": "deliver_late"},
    "malformed answer": {"kind": "malformed"},
    "connection lost": {"kind": "deliver_close"},
}


@asynccontextmanager
async def telegram() -> AsyncIterator[Bench]:
    chat = 42
    async with BotApi() as api, TelegramChannel(api.token, SystemClock(), api_url=api.url, read_timeout=0.3) as channel:

        def shown() -> list[Shown]:
            return [
                Shown(
                    message.get("text", message.get("caption", message.get("poll", {}).get("question", ""))),
                    tuple(
                        (button["text"], button.get("callback_data") or button["url"])
                        for button in chain(*message.get("reply_markup", {}).get("inline_keyboard", []))
                    ),
                )
                for message in api.messages(chat)
            ]

        def trouble(name: str) -> None:
            if name == "blocked":
                api.reach(chat, "blocked")
            else:
                api.fault(**_TELEGRAM_TROUBLES[name])

        def arrive(number: int, text: str) -> None:
            update = api.say(chat, text)
            api.updates.waiting.pop()
            api.push({**update, "update_id": number})

        yield Bench(channel, Address("telegram", str(chat)), shown, trouble, arrive)


BENCHES: dict[str, Callable[[], AbstractAsyncContextManager[Bench]]] = {"terminal": terminal, "web": web, "telegram": telegram}
NETWORKED = ("telegram",)
LISTENING = ("telegram",)
