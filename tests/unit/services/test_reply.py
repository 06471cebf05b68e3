"""Replies: repeated only when surely not delivered; a closed chat is remembered."""

import pytest
from sqlalchemy import select

from bot.campaigns.pace import NoPace
from bot.channels.base import Sent
from bot.clock import ManualClock
from bot.errors import Blocked, DeliveryError, Gone, Migrated, OutcomeUnknown, Rejected, Throttled
from bot.messages import Address, Limits, Message
from bot.services.reply import TRIES, Replies
from bot.store import subscribers
from bot.store.database import Database
from bot.store.tables import Subscriber
from tests.doubles.watching_pace import WatchingPace

TO = Address("telegram", "5")


class Scripted:
    """A channel that fails as told, then works."""

    name = "telegram"
    limits = Limits(text=20, caption=10)

    def __init__(self, *errors: DeliveryError):
        self.errors = list(errors)
        self.sent: list[tuple[str, str]] = []
        self.tried = 0

    async def send(self, to: Address, message: Message) -> Sent:
        self.tried += 1
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((to.chat, message.text))
        return Sent("1")

    def secrets(self) -> tuple[str, ...]:
        return ()


class Steady(NoPace):
    """A pace that never waits and records the pauses asked for."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


async def send(channel: Scripted, database: Database, clock: ManualClock, *texts: str) -> tuple[bool, Steady]:
    pace = Steady()
    return await Replies(channel, pace, database, clock).send(TO, [Message(text) for text in texts]), pace


async def test_a_throttled_reply_waits_as_told_and_is_sent(sqlite: Database, clock: ManualClock) -> None:
    channel = Scripted(Throttled(3), Throttled(2))
    ok, pace = await send(channel, sqlite, clock, "chào")
    assert ok and channel.sent == [("5", "chào")] and pace.pauses == [3, 2]


async def test_throttled_for_ever_gives_up(sqlite: Database, clock: ManualClock) -> None:
    channel = Scripted(*[Throttled(1) for _ in range(10)])
    ok, _ = await send(channel, sqlite, clock, "chào")
    assert not ok and channel.tried == TRIES


@pytest.mark.parametrize("error", [OutcomeUnknown("timeout"), Rejected("too long"), Blocked("x"), Gone("x")])
async def test_what_may_have_arrived_or_never_can_is_not_repeated(sqlite: Database, clock: ManualClock, error: DeliveryError) -> None:
    channel = Scripted(error)
    ok, _ = await send(channel, sqlite, clock, "chào", "nữa")
    assert not ok and channel.tried == 1


async def test_a_moved_group_is_followed_for_the_rest_of_the_turn(sqlite: Database, clock: ManualClock) -> None:
    channel = Scripted(Migrated("-1007"))
    ok, _ = await send(channel, sqlite, clock, "một", "hai")
    assert ok and channel.sent == [("-1007", "một"), ("-1007", "hai")]


async def test_a_resident_who_blocked_the_bot_is_marked_unreachable(sqlite: Database, clock: ManualClock) -> None:
    async with sqlite.write() as connection:
        await subscribers.opt_in(connection, TO, None, "v1", clock.now())
    await send(Scripted(Blocked("x")), sqlite, clock, "chào")
    async with sqlite.read() as connection:
        assert await connection.scalar(select(Subscriber.unreachable_why)) == "blocked"


async def test_long_texts_go_out_in_pieces_in_order(sqlite: Database, clock: ManualClock) -> None:
    channel = Scripted()
    await send(channel, sqlite, clock, "Một hai ba bốn. Năm sáu bảy tám.")
    assert [text for _, text in channel.sent] == ["Một hai ba bốn.", "Năm sáu bảy tám."]


async def test_the_pace_knows_what_is_on_its_way_until_it_is_answered_or_has_failed(sqlite: Database, clock: ManualClock) -> None:
    pace, channel, on_their_way = WatchingPace(), Scripted(Throttled(0), Throttled(0)), []
    send_ = channel.send

    async def send(to: Address, message: Message) -> Sent:
        on_their_way.append(pace.open)
        return await send_(to, message)

    channel.send = send  # type: ignore[method-assign]
    assert await Replies(channel, pace, sqlite, clock).send(TO, [Message("một"), Message("hai")])
    assert on_their_way == [1] * 4
    assert (pace.open, pace.closed) == (0, 4)
