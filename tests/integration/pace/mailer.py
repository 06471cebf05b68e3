"""A process that sends with a token others send with as well: `python -m tests.integration.pace.mailer REDIS API TOKEN FIRST_CHAT COUNT`."""

import asyncio
import sys

from bot.campaigns.pacing import Chats
from bot.channels.telegram import TelegramChannel
from bot.clock import SystemClock
from bot.errors import Throttled
from bot.messages import Address, Message
from bot.services.shared_pace import SharedPace, Turnstile


async def main(redis: str, api: str, token: str, first: int, count: int) -> None:
    turnstile = Turnstile(redis, token.partition(":")[0])
    pace = SharedPace(30, turnstile, two, Chats())
    async with TelegramChannel(token, SystemClock(), api_url=api) as channel:
        at_once = asyncio.Semaphore(30)

        async def send(chat: int) -> None:
            async with at_once:
                await pace.campaign(str(chat))
                leaving = await pace.leave()
                if leaving is None:
                    return
                try:
                    with leaving:
                        await channel.send(Address("telegram", str(chat)), Message("Chào bà con."))
                except Throttled as error:
                    await pace.pause(error.retry_after)

        await asyncio.gather(*(send(chat) for chat in range(first, first + count)))
    await turnstile.aclose()


async def two() -> int:
    return 2


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])))
