"""The pace in a running loop: who goes first, and what a cancelled wait leaves behind."""

import asyncio

from bot.campaigns.pace import LocalPace
from bot.campaigns.pacing import Chats


async def test_a_reply_overtakes_every_waiting_campaign_message() -> None:
    pace, order = LocalPace(50), []

    async def campaign(number: int) -> None:
        await pace.campaign(str(number))
        order.append(number)

    waiting = [asyncio.create_task(campaign(number)) for number in range(20)]
    await asyncio.sleep(0)
    await pace.reply("99")
    assert len(order) <= 3
    await asyncio.gather(*waiting)
    assert order == list(range(20)), "among themselves they keep their order"


async def test_a_pause_holds_what_was_already_waiting() -> None:
    pace, now = LocalPace(1000), asyncio.get_running_loop().time
    await pace.pause(0.2)
    began = now()
    await asyncio.gather(pace.campaign("1"), pace.reply("2"))
    assert now() - began >= 0.19


async def test_a_cancelled_wait_takes_no_turn_from_others() -> None:
    pace = LocalPace(20)
    first = [asyncio.create_task(pace.campaign(str(number))) for number in range(10)]
    await asyncio.sleep(0)
    for task in first[1:]:
        task.cancel()
    await asyncio.gather(*first, return_exceptions=True)
    async with asyncio.timeout(0.3):
        await pace.campaign("last")


async def test_messages_to_one_chat_keep_their_distance() -> None:
    pace, now = LocalPace(1000, Chats(private=0.1)), asyncio.get_running_loop().time
    began = now()
    await asyncio.gather(*(pace.reply("1") for _ in range(3)))
    assert now() - began >= 0.19
