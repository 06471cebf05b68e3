"""The pace in a running loop: who goes first, and what a cancelled wait leaves behind."""

import asyncio

from bot.campaigns.pace import LocalPace
from bot.campaigns.pacing import Chats


async def test_a_reply_overtakes_every_waiting_campaign_message() -> None:
    pace, order = LocalPace(50), []

    async def campaign(number: int) -> None:
        await depart(pace, str(number))
        order.append(number)

    waiting = [asyncio.create_task(campaign(number)) for number in range(20)]
    await asyncio.sleep(0)
    with await pace.reply("99"):
        pass
    assert len(order) <= 3
    await asyncio.gather(*waiting)
    assert order == list(range(20)), "among themselves they keep their order"


async def test_a_pause_holds_what_was_already_waiting() -> None:
    pace, now = LocalPace(1000), asyncio.get_running_loop().time
    await pace.pause(0.2)
    began = now()
    await asyncio.gather(depart(pace, "1"), pace.reply("2"))
    assert now() - began >= 0.19


async def test_a_cancelled_wait_takes_no_turn_from_others() -> None:
    pace = LocalPace(20)
    first = [asyncio.create_task(depart(pace, str(number))) for number in range(10)]
    await asyncio.sleep(0)
    for task in first[1:]:
        task.cancel()
    await asyncio.gather(*first, return_exceptions=True)
    async with asyncio.timeout(0.3):
        await depart(pace, "last")


async def test_messages_to_one_chat_keep_their_distance() -> None:
    pace, now = LocalPace(1000, Chats(private=0.1)), asyncio.get_running_loop().time
    began = now()
    await asyncio.gather(*(pace.reply("1") for _ in range(3)))
    assert now() - began >= 0.19


async def test_what_was_nearly_due_when_the_platform_said_stop_goes_back() -> None:
    """It is on disk as leaving; to keep it so for a whole wait would make it unknown if the process died."""
    pace = LocalPace(20)
    await pace.campaign("1")
    await pace.pause(5)
    assert await pace.leave() is None


async def test_what_waits_for_its_moment_when_the_platform_says_stop_goes_back_at_once() -> None:
    """As above; and who says stop in the silence is not left out of what is written down as leaving."""
    free, paid = LocalPace(1), LocalPace(1)
    free.beside = paid
    for pace in (free, paid):
        await depart(pace, "1")
        await pace.campaign("2")
    waiting = [asyncio.create_task(pace.leave()) for pace in (free, paid)]
    await asyncio.sleep(0)
    async with asyncio.timeout(0.5):
        await free.pause(5)
        assert await asyncio.gather(*waiting) == [None, None]


async def test_a_silence_hardly_longer_than_the_moment_is_waited_out() -> None:
    pace, now = LocalPace(20), asyncio.get_running_loop().time
    await depart(pace, "1")
    await depart(pace, "2")  # makes up for what the first was late by
    await pace.campaign("3")
    waiting = asyncio.create_task(pace.leave())
    await asyncio.sleep(0)
    began = now()
    await pace.pause(0.09)
    assert await waiting is not None
    assert now() - began >= 0.08


async def test_only_a_few_are_nearly_due_at_a_time() -> None:
    pace = LocalPace(20)
    waiting = [asyncio.create_task(pace.campaign(str(number))) for number in range(50)]
    await asyncio.sleep(0.01)
    assert sum(task.done() for task in waiting) == 3
    pace.back_out()
    await asyncio.sleep(0.01)
    assert sum(task.done() for task in waiting) == 4, "one that does not leave makes room for the next"
    for task in waiting:
        task.cancel()


async def depart(pace: LocalPace, chat: str) -> None:
    await pace.campaign(chat)
    leaving = await pace.leave()
    assert leaving
    with leaving:
        pass


async def test_a_429_silences_what_is_sent_for_money_as_well() -> None:
    free, paid, now = LocalPace(1000), LocalPace(1000), asyncio.get_running_loop().time
    free.beside, paid.beside = paid, free
    await paid.pause(0.2)
    began = now()
    await asyncio.gather(free.reply("1"), depart(paid, "2"))
    assert now() - began >= 0.19


async def test_processes_that_share_a_token_share_its_rate() -> None:
    pace, now = LocalPace(40), asyncio.get_running_loop().time
    pace.shared_by(2)
    began = now()
    for number in range(25):
        await depart(pace, str(number))
    assert now() - began >= 1.0


async def test_albums_count_each_photo_and_keep_nobody_waiting_for_half_of_their_turns() -> None:
    pace, now, left = LocalPace(30), asyncio.get_running_loop().time, []

    async def album(number: int) -> None:
        await pace.campaign(str(number))
        leaving = await pace.leave(messages=10)
        assert leaving
        with leaving:
            left.extend([now()] * 10)

    async with asyncio.timeout(4), asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(album(number))
        await asyncio.sleep(0.3)
        began = now()
        with await pace.reply("99"):
            left.append(now())
        assert now() - began < 1
    assert len(left) == 61
    assert max(sum(1 for other in left if moment <= other < moment + 1.0) for moment in left) <= 30


async def test_an_album_larger_than_the_rate_goes_alone() -> None:
    pace, now = LocalPace(8), asyncio.get_running_loop().time
    await depart(pace, "1")
    began = now()
    async with asyncio.timeout(3):
        with await pace.reply("2", messages=10):
            pass
    assert now() - began >= 0.9


async def test_a_turn_given_at_the_moment_of_cancelling_goes_back() -> None:
    moment = 0.0
    pace = LocalPace(1, time=lambda: moment)
    with await pace.reply("1"):
        pass
    waiting = asyncio.create_task(pace.reply("2"))
    await asyncio.sleep(0)
    moment = 2.0
    pace._let_go()  # gives it its turn; before it can go on:
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(0.5):
        await pace.reply("3")
