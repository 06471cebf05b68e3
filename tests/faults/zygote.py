"""Starts processes of Loa that can be killed: everything slow is loaded once, then each of them is a fork of this one.

A line of JSON on stdin (`Order`'s fields) forks one; its pid is the answer.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import bot.campaigns.pacing as pacing
import bot.channels.telegram as telegram
import bot.channels.telegram_request as request
import bot.services.delivery as delivery
import bot.services.shared_pace as shared_pace
from bot import logs
from bot.campaigns.library import LiveCampaigns
from bot.campaigns.pace import LocalPace
from bot.campaigns.pacing import Chats
from bot.channels.telegram import TelegramChannel
from bot.clock import SystemClock
from bot.content.library import Library, load
from bot.parts import Part, run_parts, stop_on_signals, until_stopped
from bot.services.campaign_clock import CampaignClock
from bot.services.campaigns import Campaigns
from bot.services.delivery import Sender
from bot.services.handle import Handler
from bot.services.intake import Intake
from bot.services.reply import Pace, Replies
from bot.services.shared_pace import SharedPace, Turnstile
from bot.services.turn import Turns
from bot.settings import ROOT
from bot.store import deliveries
from bot.store.database import Database
from bot.understanding.client import RasaClient

IN_FLIGHT = 16
READ_TIMEOUT, RATE, GRACE, CHAT_GAP = 0.8, 60, 0.6, 0.1
NO_RASA = "http://127.0.0.1:9"  # stop words come before any understanding, and are all that residents say here


@dataclass(frozen=True)
class Order:
    """`role`: a `sender` sends, a `scheduler` plans and fills, a `bot` does both, listens and answers.

    `redis`: where they share their pace; without it each keeps its own.
    """

    role: str
    url: str
    redis: str | None
    api: str
    token: str
    folder: str


def hurry() -> None:
    """Everything that takes seconds in life takes tenths of them here, so that a run has room for many mishaps.

    Only in this process: the tests that import from here keep life's seconds.
    """
    delivery.HOLD_FIRST, delivery.HOLD_LONGEST, delivery.STOP_WITHIN = 0.05, 0.5, 2.0
    telegram.FIRST_WAIT, telegram.LONGEST_WAIT = 0.1, 0.5
    pacing.SPELL, pacing.FASTER = 0.5, 1.5
    shared_pace.ASK_AGAIN, shared_pace.SETTLE, shared_pace.PRIVATE_GAP = 0.2, 0.4, 0.12
    request.CONNECT = request.POOL = request.WRITE = 0.7


def main() -> None:
    hurry()
    logs.configure("ERROR", as_json=False)
    library = load(ROOT / "content")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = 0 if asyncio.run(work(library, Order(**json.loads(line)))) else 1
            finally:
                os._exit(code)
        print(pid, flush=True)
    os.killpg(0, signal.SIGKILL)  # the tests have ended, one way or another: so does everything that was forked


async def work(library: Library, order: Order) -> bool:
    """The parts of a role, put together as `bot/serve.py` puts them."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stop_on_signals())
        database = Database(order.url)
        stack.push_async_callback(database.close)
        channel = await stack.enter_async_context(TelegramChannel(order.token, clock, api_url=order.api, read_timeout=READ_TIMEOUT))
        live = LiveCampaigns(lambda: library, Path(order.folder))
        service = Campaigns(live, lambda: library, database, clock)
        pace = _pace(order, database, stack)
        wake: Callable[[], None] = lambda: None  # noqa: E731
        parts: list[Part] = []
        if order.role in ("bot", "sender"):
            sender = Sender(
                lambda: library, database, {"telegram": channel}, {"telegram": pace}, clock, service.pause_itself,
                in_flight=IN_FLIGHT, beat_every=0.1, grace=GRACE, look_every=0.05,
            )  # fmt: skip
            wake = sender.wake
            parts.append(Part("sender", sender.run))
        if order.role in ("bot", "scheduler"):
            parts.append(Part("campaigns", CampaignClock(service, live, lambda: library, database, clock, wake, every=0.2, chunk=5).run))
        if order.role == "bot":
            rasa = RasaClient(NO_RASA, 1.0)
            stack.push_async_callback(rasa.close)
            turns = Turns(lambda: library, rasa, database, clock, service.pressed, service.asked)
            handler = Handler(turns, Replies(channel, pace, database, clock), channel.limits, database, clock)
            intake = Intake("telegram", handler, database, clock)
            parts += [Part("listen", until_stopped(lambda: channel.listen(intake.receive))), Part("answer", intake.run)]
        return await run_parts(parts, stop)


def _pace(order: Order, database: Database, stack: AsyncExitStack) -> Pace:
    if not order.redis:
        return LocalPace(RATE, Chats(CHAT_GAP))
    turnstile = Turnstile(order.redis, "faults")
    stack.push_async_callback(turnstile.aclose)

    async def senders() -> int:
        async with database.read() as connection:
            return await deliveries.senders(connection)

    return SharedPace(2 * RATE, turnstile, senders, Chats(CHAT_GAP))


if __name__ == "__main__":
    main()
