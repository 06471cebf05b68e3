"""From a file to residents' phones, on both databases: exactly the audience, once each, whatever happens on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select, update

from bot.campaigns.pace import NoPace
from bot.errors import Blocked, Gone, Migrated, OptedOut, OutcomeUnknown, Rejected, Throttled, Unreachable
from bot.messages import Address
from bot.services.delivery import Leaving
from bot.store import deliveries, subscribers
from bot.store.deliveries import Outcome
from bot.store.tables import Delivery
from tests.doubles.watching_pace import WatchingPace
from tests.integration.campaigns.conftest import TELEGRAM, Province, simple, wait_for


async def test_sends_to_exactly_those_with_consent_in_the_place(province: Province) -> None:
    await province.subscribe(range(1, 121), "commune:dien-chau/dien-ky")
    await province.subscribe(range(200, 220), "district:vinh")
    await province.subscribe(range(300, 310), "district:dien-chau", opted_out_at=province.clock.now())
    await province.subscribe(range(400, 410), None)
    province.write("thu", simple(audience="{places: ['district:dien-chau']}"))
    await province.launch("thu")
    async with province.sending():
        await province.drain()
        assert province.channel.sent == [], "it is nine o'clock, the campaign is due at ten"
        province.clock.advance(hours=1)
        await province.ticker.tick()
        await province.drain()
    assert province.channel.got == {str(chat): 1 for chat in range(1, 121)}
    assert await province.counts() == {"sent": 120}
    assert [item.audience for item in await province.occurrences()] == [120]


async def test_a_message_says_who_speaks_and_how_to_stop(province: Province) -> None:
    await province.subscribe([1], "commune:dien-chau/dien-ky")
    await run(province, simple())
    [(_, message)] = province.channel.sent
    assert message.text.startswith("📢 Loa gửi tin của Tổ công tác Đề án 06 (tin tự động)\n")
    assert "Chào bà con ở Xã Diễn Kỷ." in message.text
    assert message.text.endswith("nhắn DỪNG.")
    assert message.buttons[-1][0].payload == "/stop"


async def test_a_blocked_resident_is_not_written_to_again_and_is_no_failure(province: Province) -> None:
    await province.subscribe(range(1, 31))

    def answer(chat: str, times: int) -> None:
        if chat == "7":
            raise Blocked
        if chat == "8":
            raise Gone

    province.channel.answer = answer
    await run(province, simple())
    assert await province.counts() == {"sent": 28, "blocked": 2}
    assert await reach(province) == 28


async def test_who_said_stop_when_the_channel_looked_is_left_out_and_not_unreachable(province: Province) -> None:
    await province.subscribe(range(1, 31))

    def answer(chat: str, times: int) -> None:
        if chat == "7":
            raise OptedOut

    province.channel.answer = answer
    await run(province, simple())
    assert await province.counts() == {"sent": 29, "left_out": 1}
    assert [ending for ending in await endings(province) if ending[0] == "left_out"] == [("left_out", "opted_out", 0)]


class Shared(NoPace):
    def __init__(self) -> None:
        self.among: list[int] = []

    def shared_by(self, processes: int) -> None:
        self.among.append(processes)


async def test_a_pace_is_told_how_many_processes_send(province: Province) -> None:
    """But on SQLite, which serves one process: what a crash left listed must not halve the rate of its successor."""
    pace = Shared()
    async with province.sending(pace=pace) as sender:
        async with province.database.write() as connection:
            other = await deliveries.enlist(connection, "another-machine:1")
        if province.database.sqlite:
            await wait_for(lambda: other in sender._seen_beats)
            assert pace.among == []
        else:
            await wait_for(lambda: 2 in pace.among)
            await wait_for(lambda: pace.among[-1] == 1)  # it never beats, and is found dead


@pytest.mark.parametrize("trouble", [Throttled(0.0), Unreachable()], ids=["429", "no connection"])
async def test_what_surely_did_not_arrive_is_sent_again(province: Province, trouble: Exception) -> None:
    await province.subscribe(range(1, 11))

    def answer(chat: str, times: int) -> None:
        if times == 1 and chat in ("3", "4"):
            raise trouble

    province.channel.answer = answer
    await run(province, simple())
    assert province.channel.got == {str(chat): 1 for chat in range(1, 11)}


async def test_an_unknown_outcome_is_never_sent_again(province: Province) -> None:
    await province.subscribe(range(1, 11))

    def answer(chat: str, times: int) -> None:
        if chat == "3":
            raise OutcomeUnknown

    province.channel.answer = answer
    await run(province, simple())
    assert await province.counts() == {"sent": 9, "unknown": 1}
    assert province.channel.tried["3"] == 1


async def test_a_group_that_moved_gets_it_at_its_new_id(province: Province) -> None:
    await province.subscribe([-5])

    def answer(chat: str, times: int) -> None:
        if chat == "-5":
            raise Migrated("-1005")

    province.channel.answer = answer
    await run(province, simple())
    assert province.channel.got == {"-1005": 1}


async def test_a_campaign_that_the_platform_rejects_pauses_itself_and_says_why(province: Province) -> None:
    await province.subscribe(range(1, 200))

    def answer(chat: str, times: int) -> None:
        raise Rejected("can't parse entities")

    province.channel.answer = answer
    await province_ready(province, simple())
    async with province.sending(in_flight=4):
        await until_state(province, "paused")
    status = await province.service.status("thu")
    assert status.why and "từ chối" in status.why
    assert (await province.counts())["failed"] < 20
    assert sum((await province.counts()).values()) == 199


async def test_who_says_stop_while_it_is_being_sent_gets_nothing(province: Province) -> None:
    await province.subscribe(range(1, 101))
    gate = asyncio.Event()
    province.channel.answer = lambda chat, times: gate.wait()
    await province_ready(province, simple())
    async with province.sending(in_flight=5):
        await wait_for(lambda: len(province.channel.tried) == 5)
        late = next(str(chat) for chat in range(1, 101) if str(chat) not in province.channel.tried)
        async with province.database.write() as connection:
            await subscribers.opt_out(connection, Address("telegram", late), province.clock.now())
        gate.set()
        await province.drain()
    assert province.channel.tried[late] == 0
    assert await province.counts() == {"sent": 99, "left_out": 1}


async def test_pausing_stops_at_once_and_resuming_goes_on(province: Province) -> None:
    await province.subscribe(range(1, 101))
    gate = asyncio.Event()
    province.channel.answer = lambda chat, times: gate.wait()
    await province_ready(province, simple())
    async with province.sending(in_flight=5):
        await wait_for(lambda: len(province.channel.tried) == 5)
        await province.service.pause("thu", "Trần Văn Duyệt", "chờ xem lại")
        gate.set()
        await wait_for(lambda: len(province.channel.sent) == 5)
        await asyncio.gather(*(province.ticker.tick() for _ in range(3)))
        assert sum(province.channel.tried.values()) == 5
        await province.service.resume("thu", "Trần Văn Duyệt")
        await province.drain()
    assert province.channel.got == {str(chat): 1 for chat in range(1, 101)}


async def test_a_sender_that_dies_leaves_only_what_was_on_its_way_unknown(province: Province) -> None:
    await province.subscribe(range(1, 101))
    gate = asyncio.Event()
    province.channel.answer = lambda chat, times: gate.wait()
    await province_ready(province, simple())
    dying = asyncio.create_task(province.sender(in_flight=7).run(asyncio.Event()))
    await wait_for(lambda: len(province.channel.tried) == 7)
    # What kill -9 leaves behind: rows claimed and marked, and nobody to say what became of them.
    for task in [task for task in asyncio.all_tasks() if task.get_name().startswith(("deliver", "send", "ledger", "sender-beat"))]:
        task.cancel()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    first = set(province.channel.tried)
    province.channel.answer = lambda chat, times: None
    async with province.sending():
        await province.drain()
    assert await province.counts() == {"sent": 93, "unknown": 7}
    assert province.channel.got == {str(chat): 1 for chat in range(1, 101) if str(chat) not in first}


async def test_stopping_in_order_finishes_what_is_on_its_way(province: Province) -> None:
    await province.subscribe(range(1, 101))
    gate = asyncio.Event()
    province.channel.answer = lambda chat, times: gate.wait()
    await province_ready(province, simple())
    async with province.sending(in_flight=5):
        await wait_for(lambda: len(province.channel.tried) == 5)
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert await province.counts() == {"sent": 5, "queued": 95}


async def test_two_schedulers_and_three_senders_share_the_work(province: Province) -> None:
    await province.subscribe(range(1, 301))
    await province_ready(province, simple(), ticks=0)
    await asyncio.gather(province.ticker.tick(), province.ticker.tick())
    async with province.sending(in_flight=9), province.sending(in_flight=9), province.sending(in_flight=9):
        await province.drain()
    assert province.channel.got == {str(chat): 1 for chat in range(1, 301)}
    assert len(await province.occurrences()) == 1


async def test_a_row_taken_over_by_another_sender_is_not_sent_by_the_first(province: Province) -> None:
    """A machine that slept: its rows were given to others, and when it wakes it must not send them."""
    await province.subscribe([1])
    await province_ready(province, simple())
    first, second = 1, 2
    [occurrence] = await province.occurrences()
    async with province.database.write() as connection:
        [row] = await deliveries.claim(connection, first, occurrence.id, "telegram", 10, province.clock.now())
        await deliveries.bury(connection, first)
        assert [row] == await deliveries.claim(connection, second, occurrence.id, "telegram", 10, province.clock.now())
        assert await deliveries.mark(connection, first, [row.id]) == {}
        assert await deliveries.mark(connection, second, [row.id]) == {row.id: 0}
        assert await deliveries.mark(connection, second, [row.id]) == {row.id: 0}, "a commit whose answer was lost is repeated"


class Waiting(NoPace):
    """Nobody's turn comes before the gate opens."""

    def __init__(self) -> None:
        self.gate, self.asked = asyncio.Event(), 0

    async def campaign(self, chat: str) -> None:
        self.asked += 1
        await self.gate.wait()


async def claimed(province: Province) -> int:
    async with province.database.read() as connection:
        return await connection.scalar(select(func.count()).where(Delivery.claimed_by.is_not(None))) or 0


async def test_a_sender_taken_for_dead_sends_the_rows_it_gets_again_once(province: Province) -> None:
    """As after an outage of the database longer than the others' patience: its rows are queued again, and it claims them again."""
    await province.subscribe([1, 2, 3])
    await province_ready(province, simple())
    pace = Waiting()
    async with province.sending(pace=pace) as sender:
        await wait_for(lambda: pace.asked == 3)
        async with province.database.write() as connection:
            await deliveries.bury(connection, sender._id)
            await connection.execute(update(Delivery).where(Delivery.id == 1).values(pieces=1))  # sent by another meanwhile
        async with asyncio.timeout(10):
            while await claimed(province) < 3:
                await asyncio.sleep(0.01)
        pace.gate.set()
        await province.drain()
    assert await province.counts() == {"sent": 3}
    assert province.channel.got == {"2": 1, "3": 1}, "the only piece of the first had arrived"
    assert pace.asked == 3, "a second task for a row would send it a second time"


@pytest.mark.parametrize("leaving", ["says stop", "has everything deleted"])
async def test_who_leaves_while_the_platform_refuses_their_message_does_not_get_it_later(province: Province, leaving: str) -> None:
    await province.subscribe([1, 2])
    refused, left = asyncio.Event(), asyncio.Event()

    async def refuse() -> None:
        refused.set()
        await left.wait()
        raise Throttled(0.0)

    province.channel.answer = lambda chat, times: refuse() if (chat, times) == ("2", 1) else None
    await province_ready(province, simple())
    async with province.sending():
        await refused.wait()
        async with province.database.write() as connection:
            if leaving == "says stop":
                await subscribers.opt_out(connection, Address("telegram", "2"), province.clock.now())
            else:
                await subscribers.wipe(connection, Address("telegram", "2"))
        left.set()
        await drain_with_time(province)
    assert province.channel.got == {"1": 1}
    assert await province.counts() == {"sent": 1, "left_out": 1}


async def test_what_a_sender_taken_for_dead_knows_was_not_sent_is_sent_though_all_was_done(province: Province) -> None:
    await province.subscribe([1])
    await province_ready(province, simple())
    [occurrence] = await province.occurrences()
    async with province.database.write() as connection:
        sender = await deliveries.enlist(connection, "slept")
        [row] = await deliveries.claim(connection, sender, occurrence.id, "telegram", 1, province.clock.now())
        await deliveries.mark(connection, sender, [row.id])
        assert await deliveries.bury(connection, sender) == (0, 1)
    await province.ticker.tick()
    assert [item.state for item in await province.occurrences()] == ["done"]
    async with province.database.write() as connection:
        await deliveries.record(connection, sender, {row.id: Outcome("queued")}, province.clock.now())
    async with province.sending():
        await province.drain()
    assert await province.counts() == {"sent": 1}
    assert [item.state for item in await province.occurrences()] == ["done"]


class Closing(NoPace):
    """The platform asks for silence between the two pieces of a message, and is heard at the last moment."""

    def __init__(self) -> None:
        self.answers = [True, False, False, True]
        self.left: list[bool] = []

    async def leave(self, messages: int = 1) -> Leaving | None:
        self.left.append(self.answers.pop(0))
        return await super().leave(messages) if self.left[-1] else None


async def test_a_message_that_has_begun_waits_out_the_silence_before_its_next_piece(province: Province) -> None:
    await two_pieces_ready(province)
    pace = Closing()
    sent_after: list[int] = []
    province.channel.answer = lambda chat, times: sent_after.append(len(pace.left))
    async with province.sending(pace=pace):
        await province.drain()
    assert await province.counts() == {"sent": 1}
    assert sent_after == [1, 4]


async def test_the_pace_knows_each_piece_that_is_on_its_way_until_it_is_answered_or_has_failed(province: Province) -> None:
    await two_pieces_ready(province)
    pace = WatchingPace()
    on_their_way: list[int] = []

    def answer(chat: str, times: int) -> None:
        on_their_way.append(pace.open)
        if times == 1:
            raise Unreachable

    province.channel.answer = answer
    async with province.sending(pace=pace):
        await drain_with_time(province)
    assert await province.counts() == {"sent": 1}
    assert on_their_way == [1, 1, 1]
    assert (pace.open, pace.closed) == (0, 3)


@dataclass
class BetweenPieces(NoPace):
    """Something happens while a message waits for the turn of its second piece. `gone_back`: those that then did not leave."""

    happens: Callable[[], Awaitable[object]]
    turns: int = 0
    gone_back: int = 0

    async def campaign(self, chat: str) -> None:
        self.turns += 1
        if self.turns == 2:
            await self.happens()

    def back_out(self) -> None:
        self.gone_back += 1


async def two_pieces_ready(province: Province) -> None:
    await province.subscribe([1])
    province.channel.limits = replace(TELEGRAM, text=200)
    await province_ready(province, simple().replace("Chào bà con", "Chào bà con. " * 10))


@pytest.mark.parametrize("leaving", ["says stop", "has everything deleted"])
async def test_who_leaves_between_two_pieces_does_not_get_the_second(province: Province, leaving: str) -> None:
    async def leave() -> None:
        async with province.database.write() as connection:
            if leaving == "says stop":
                await subscribers.opt_out(connection, Address("telegram", "1"), province.clock.now())
            else:
                await subscribers.wipe(connection, Address("telegram", "1"))

    await two_pieces_ready(province)
    pace = BetweenPieces(leave)
    async with province.sending(pace=pace):
        await drain_with_time(province)
    assert province.channel.got == {"1": 1}
    assert await endings(province) == [("left_out", "opted_out" if leaving == "says stop" else "wiped", 1)]
    assert pace.gone_back == 1, "its turn is given to the next"


async def endings(province: Province) -> list[tuple[str, str | None, int]]:
    async with province.database.read() as connection:
        rows = await connection.execute(select(Delivery.state, Delivery.kind, Delivery.pieces))
        return [(row[0], row[1], row[2]) for row in rows]


async def test_a_pause_between_two_pieces_holds_the_second_until_it_is_over(province: Province) -> None:
    await two_pieces_ready(province)
    pace = BetweenPieces(lambda: province.service.pause("thu", "Trần Văn Duyệt", "chờ xem lại"))
    async with province.sending(pace=pace):
        await wait_for(lambda: pace.gone_back or len(province.channel.sent) > 1)
        assert province.channel.got == {"1": 1}
        await province.service.resume("thu", "Trần Văn Duyệt")
        await drain_with_time(province)
    first, second = (message.text for _, message in province.channel.sent)
    assert first != second, "only what had not arrived"
    assert await province.counts() == {"sent": 1}


async def test_night_between_two_pieces_holds_the_second_until_morning(province: Province) -> None:
    async def nightfall() -> None:
        province.clock.advance(hours=11.5)

    await two_pieces_ready(province)
    pace = BetweenPieces(nightfall)
    async with province.sending(pace=pace):
        await wait_for(lambda: pace.gone_back or len(province.channel.sent) > 1)
        assert province.channel.got == {"1": 1}
        province.clock.advance(hours=11)
        await province.drain()
    assert province.channel.got == {"1": 2}


async def test_what_could_not_be_sent_in_time_is_reported_as_expired(province: Province) -> None:
    await province.subscribe(range(1, 11))
    await province_ready(province, simple())
    province.clock.advance(hours=25)
    async with province.sending():
        await province.drain()
    assert await province.counts() == {"expired": 10}
    assert province.channel.sent == []


async def test_a_wiped_resident_stays_a_number(province: Province) -> None:
    await province.subscribe(range(1, 4))
    await run(province, simple())
    async with province.database.write() as connection:
        await subscribers.wipe(connection, Address("telegram", "2"))
    assert await province.counts() == {"sent": 3}


async def test_night_holds_a_campaign_until_morning(province: Province) -> None:
    await province.subscribe(range(1, 6))
    await province_ready(province, simple(at="2022-11-07 20:00"))
    province.clock.advance(hours=10.5)
    await province.ticker.tick()
    province.clock.advance(hours=1.5)
    async with province.sending():
        await province.ticker.tick()
        assert province.channel.sent == []
        province.clock.advance(hours=10.1)
        await province.drain()
    assert len(province.channel.sent) == 5


async def province_ready(province: Province, text: str, ticks: int = 2) -> None:
    """Launched, due, and its ledger written."""
    province.write("thu", text)
    await province.launch("thu")
    province.clock.advance(hours=1)
    for _ in range(ticks):
        await province.ticker.tick()


async def run(province: Province, text: str) -> None:
    await province_ready(province, text)
    async with province.sending():
        await drain_with_time(province)


async def drain_with_time(province: Province) -> None:
    """Until done; rows that wait before they are tried again get their seconds."""
    async with asyncio.timeout(20):
        while any(item.state in ("due", "filling", "sending") for item in await province.occurrences()):
            province.clock.advance(seconds=1)
            await province.ticker.tick()
            await asyncio.sleep(0.01)


async def reach(province: Province) -> int:
    return sum((await province.service.reach("thu")).values())


async def until_state(province: Province, state: str) -> None:
    async with asyncio.timeout(10):
        while (await province.service.status("thu")).state != state:
            await asyncio.sleep(0.01)
