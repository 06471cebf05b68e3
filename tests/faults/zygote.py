"""Starts senders that can be killed: everything slow is loaded once, then each sender is a fork of this process.

A line of JSON on stdin (url, api, token, folder) forks one; its pid is the answer.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import bot.services.delivery as delivery
from bot import logs
from bot.campaigns.library import LiveCampaigns
from bot.campaigns.pace import LocalPace
from bot.campaigns.pacing import Chats
from bot.channels.telegram import TelegramChannel
from bot.clock import SystemClock
from bot.content.library import Library, load
from bot.services.campaign_clock import CampaignClock
from bot.services.campaigns import Campaigns
from bot.services.delivery import Sender
from bot.settings import ROOT
from bot.store.database import Database

IN_FLIGHT = 16
# Everything that takes seconds in life takes tenths of them here, so that a run has room for many mishaps.
delivery.HOLD_FIRST, delivery.HOLD_LONGEST, delivery.STOP_WITHIN = 0.05, 0.5, 2.0
READ_TIMEOUT, RATE, GRACE = 0.8, 100, 1.0


def main() -> None:
    logs.configure("ERROR", as_json=False)
    library = load(ROOT / "content")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                asyncio.run(work(library, **json.loads(line)))
                code = 0
            finally:
                os._exit(code)
        print(pid, flush=True)


async def work(library: Library, url: str, api: str, token: str, folder: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database, clock = Database(url), SystemClock()
    live = LiveCampaigns(lambda: library, Path(folder))
    service = Campaigns(live, lambda: library, database, clock)
    async with TelegramChannel(token, clock, api_url=api, read_timeout=READ_TIMEOUT) as channel, asyncio.TaskGroup() as group:
        sender = Sender(
            lambda: library, database, {"telegram": channel}, {"telegram": LocalPace(RATE, Chats())}, clock, service.pause_itself,
            in_flight=IN_FLIGHT, beat_every=0.1, grace=GRACE, look_every=0.05,
        )  # fmt: skip
        ticker = CampaignClock(service, live, lambda: library, database, clock, sender.wake, every=0.2, chunk=40)
        group.create_task(sender.run(stop))
        group.create_task(ticker.run(stop))
    await database.close()


if __name__ == "__main__":
    main()
