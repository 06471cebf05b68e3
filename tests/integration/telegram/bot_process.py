"""A bot in a process of its own that can be killed: `python -m tests.integration.telegram.bot_process URL TOKEN DATABASE MODE`.

MODE: `storing` hangs before the store has what came in, `handling` hangs after, `answering` answers.
"""

import asyncio
import sys

from bot.channels.telegram import TelegramChannel
from bot.clock import SystemClock
from bot.messages import Incoming, Message
from bot.services.intake import Intake
from bot.store.database import Database


async def main(url: str, token: str, path: str, mode: str) -> None:
    database, clock, for_ever = Database(f"sqlite:///{path}"), SystemClock(), asyncio.Event()
    await database.migrate()

    async def handle(incoming: Incoming) -> None:
        if mode == "handling":
            await for_ever.wait()
        await channel.send(incoming.address, Message(f"Đã nhận: {incoming.text}"))

    intake = Intake("telegram", handle, database, clock)

    async def receive(items: list[Incoming]) -> None:
        if mode == "storing":
            await for_ever.wait()
        await intake.receive(items)

    async with TelegramChannel(token, clock, api_url=url) as channel, asyncio.TaskGroup() as parts:
        parts.create_task(channel.listen(receive))
        parts.create_task(intake.run(for_ever))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
