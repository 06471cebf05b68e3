"""`Pace` for all processes that send with one bot token: their turns come from Redis, and so does the platform's wish for silence.

A process books its next few turns a moment ahead and spreads its messages over them. Turns never overlap, so all processes together
keep the rate; replies may book further ahead than campaigns, so they go first whichever process they are in. Without Redis a process
keeps to its share of the rate.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from throttled.asyncio import RedisStore, Throttled, per_duration
from throttled.exceptions import StoreUnavailableError

from bot.campaigns.pace import LocalPace
from bot.campaigns.pacing import MARGIN, Chats
from bot.clock import monotonic
from bot.errors import StoreError

log = structlog.get_logger()

TIMEOUT = 0.5  # seconds for anything asked of Redis
AT_ONCE = 16  # questions to Redis at a time
ASK_AGAIN = 2.0  # seconds between tries while Redis is away
SETTLE = 4.0  # seconds after Redis is back until every process has noticed, and shares are no longer kept
SECOND = 1.0 + MARGIN  # as the platform counts, and a little more
YIELD = 0.005  # seconds between looks whether replies are through
LATE = 0.015  # seconds after its moment until a turn is forfeited: who is late must not crowd those who are not
SPREAD = 1.015  # turns are this much longer than the platform asks, so that what is late by LATE still fits
AHEAD = 0.03  # seconds that campaigns book ahead: as much as asking Redis may take without losing room
REPLIES_AHEAD = 1.0  # seconds that replies may book ahead of everybody
REPLIES_AT_ONCE = 0.25  # seconds' worth of turns that one process books for its replies
PRIVATE_GAP, GROUP_GAP = 1.15, 3.2  # seconds: those of one process, and what may pass between booking and leaving
CHAT_AHEAD = 60.0  # seconds that messages to one chat may be booked ahead
PERIOD = 86_400  # seconds: throttled-py counts whole seconds, so a rate is put as so many a day

_CLOSE = "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], 1, 'PX', ARGV[1]) end"


class Away(Exception):
    """Redis does not answer."""


class Turnstile:
    """What the processes share. `bot`: a name for the token that is no secret. Times are Redis's own, so machines' clocks do not matter."""

    def __init__(self, url: str, bot: str):
        options = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": Retry(NoBackoff(), 0)}
        self._store = RedisStore(url, {"CONNECTION_POOL_KWARGS": options})
        self._redis: Any = self._store._backend.get_client()
        self._prefix = f"loa:pace:{bot}"
        self._close = self._redis.register_script(_CLOSE)
        self._limits: dict[tuple[int, int], Throttled] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def book(self, key: str, each: float, count: int, ahead: float) -> tuple[bool, float]:
        """Book `count` turns of `each` seconds, if the first begins within `ahead` seconds.

        Returns (True, seconds until the first begins) or (False, seconds after which to ask again). Raises Away.
        """
        limit = self._limit(math.floor(PERIOD / each), count + math.ceil(ahead / each))
        async with self._asking():
            result = await limit.limit(f"{self._prefix}:{key}", count)
        if result.limited:
            return False, result.state.retry_after
        return True, max(result.state.reset_after - count * each, 0.0)

    async def silence(self, seconds: float) -> None:
        """Nothing may leave for so long. Raises Away."""
        async with self._asking():
            await self._close([f"{self._prefix}:closed"], [math.ceil(seconds * 1000)])

    async def silent_for(self) -> float:
        """Seconds for which nothing may leave; not positive when it may. Raises Away."""
        async with self._asking():
            return float(await self._redis.pttl(f"{self._prefix}:closed")) / 1000

    async def aclose(self) -> None:
        await self._redis.aclose(close_connection_pool=True)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TIMEOUT), self._at_once:
                yield
        except (StoreUnavailableError, RedisError, OSError, TimeoutError) as error:
            raise Away(type(error.__cause__ or error).__name__) from None

    def _limit(self, a_period: int, burst: int) -> Throttled:
        if (a_period, burst) not in self._limits:
            if len(self._limits) >= 1000:  # the rate changes with every 429 and every quiet spell
                self._limits.clear()
            quota = per_duration(timedelta(seconds=PERIOD), a_period, burst)
            self._limits[a_period, burst] = Throttled(using="gcra", quota=quota, store=self._store)
        return self._limits[a_period, burst]


Turn = tuple[float, float]  # (moment, when it is forfeited), by this process's steady clock


class Lane:
    """Turns of one kind that this process has booked, taken in order.

    ahead: seconds; at_once: seconds' worth of turns booked together; room_in, took: within our own share.
    """

    def __init__(self, ahead: float, at_once: float, room_in: Callable[[float, int], float], took: Callable[[float, int], int]):
        self.ahead, self.at_once, self.room_in, self.took = ahead, at_once, room_in, took
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.turns: deque[Turn] = deque()


class SharedPace(LocalPace):
    """One for each bot token in a process. `peers`: how many processes send with it, asked when Redis cannot say whose turn it is.

    `turns`: which turns it takes; a rate of its own needs turns of its own.
    """

    def __init__(
        self,
        rate: float,
        turnstile: Turnstile,
        peers: Callable[[], Awaitable[int]],
        chats: Chats | None = None,
        turns: str = "turn",
        time: Callable[[], float] = monotonic,
    ):
        super().__init__(rate, chats, time)
        self._turnstile, self._peers, self._turns = turnstile, peers, turns
        bucket = self._bucket
        self._for_replies = Lane(REPLIES_AHEAD, REPLIES_AT_ONCE, bucket.reply_in, bucket.took_reply)
        self._for_campaigns = Lane(AHEAD, AHEAD, bucket.campaign_in, bucket.took_campaign)
        self._ask_at = 0.0  # while Redis is away: when to ask again
        self._settled_at = math.inf  # when every process is sure to take its turns from Redis
        self._held_until = 0.0
        self._counted = False  # whether our share is known

    async def pause(self, seconds: float) -> None:
        await super().pause(seconds)
        try:
            await self._turnstile.silence(seconds)
        except Away as error:
            await self._lose(error)

    # --- what is asked before a message leaves

    async def _gap(self, chat: str) -> None:
        await super()._gap(chat)
        gap = GROUP_GAP if chat.startswith("-") else PRIVATE_GAP
        booked = self._chats is None
        while not booked and not self._alone():
            try:
                booked, wait = await self._turnstile.book(f"chat:{chat}", gap, 1, CHAT_AHEAD)
            except Away as error:
                await self._lose(error)
            else:
                await asyncio.sleep(wait)

    async def _reply_turn(self, messages: int) -> int | None:
        return await self._pass(self._for_replies, messages)

    async def _campaign_turn(self, messages: int) -> int | None:
        return await self._pass(self._for_campaigns, messages)

    async def _pass(self, lane: Lane, messages: int) -> int | None:
        """Wait for a turn among all processes and, while they may not all have one, for room within our share. Its number in the bucket.

        None if it is a campaign's and the platform asks for silence meanwhile.
        """
        lane.waiting += 1
        try:
            async with lane.lock:
                while not (lane is self._for_campaigns and self._silent()):
                    if await self._passed(lane, messages):
                        return lane.took(self._time(), messages)
            return None
        finally:
            lane.waiting -= 1

    async def _passed(self, lane: Lane, messages: int) -> bool:
        """A step of the way; True when a message may leave now."""
        if not self._counted:
            await self._count()
        now = self._time()
        if (wait := max(self._held_until - now, self._bucket.closed_for(now), self._own_wait(lane, messages))) > 0:
            await asyncio.sleep(wait)
            return False
        if self._alone():
            return True
        if messages > 1:
            # An album leaves at the last of its turns, and as many after it stay empty: no second that it is part of holds more.
            turns = await self._book(lane, 2 * messages - 1)
            return bool(turns) and await self._moment(lane, turns[messages - 1]) and self._own_wait(lane, messages) <= 0
        if not lane.turns:
            lane.turns.extend(await self._book(lane, min(lane.waiting, int(lane.at_once / self._each()))))
            return False
        return await self._moment(lane, lane.turns.popleft()) and self._own_wait(lane, messages) <= 0

    def _own_wait(self, lane: Lane, messages: int) -> float:
        """Seconds until there is room within our share; 0 when all processes take their turns from Redis."""
        if self._time() >= self._settled_at:
            return 0.0
        wait = lane.room_in(self._time(), messages)
        behind = lane is self._for_campaigns and self._for_replies.waiting
        return max(wait, YIELD) if behind else wait

    async def _moment(self, lane: Lane, turn: Turn) -> bool:
        """Wait for the moment of a booked turn. False if it was forfeited."""
        moment, until = turn
        await asyncio.sleep(max(moment - self._time(), 0.0))
        if self._bucket.closed_for(self._time()) > 0:
            lane.turns.clear()
            return False
        return self._time() <= until

    def _each(self) -> float:
        """Seconds from one turn to the next."""
        return self._bucket.spacing(self._time()) * SPREAD

    async def _book(self, lane: Lane, count: int) -> list[Turn]:
        """Book so many turns, one at least. None of them if it is not worth asking yet: waits until it is."""
        each, count = self._each(), max(count, 1)
        asked = self._time()
        try:
            booked, wait = await self._turnstile.book(self._turns, each, count, lane.ahead)
            closed = await self._turnstile.silent_for()
        except Away as error:
            await self._lose(error)
            return []
        self._find()
        self._hear(closed)
        if not booked:
            await asyncio.sleep(wait)
            return []
        # Redis counted from some moment since `asked`: a turn begins at the latest when counted from now, and ends at the earliest
        # when counted from then.
        now = self._time()
        return [(now + wait + number * each, asked + wait + number * each + LATE) for number in range(count)]

    def _hear(self, closed: float) -> None:
        """Another process was told to wait: so are we."""
        if closed > max(self._bucket.closed_for(self._time()), 0.0) + 0.1:
            self._close(closed)
            log.warning("pace.paused_elsewhere", seconds=round(closed, 2))

    # --- Redis away and back

    def _alone(self) -> bool:
        return self._time() < self._ask_at

    async def _lose(self, error: Away) -> None:
        """Redis is away: keep to this process's share of the rate, counted anew at each try."""
        now = self._time()
        newcomer = self._settled_at == math.inf and not self._ask_at
        if newcomer or self._settled_at < math.inf:
            log.warning("pace.alone", error=str(error), do="each process keeps to its share of the rate until Redis answers")
            # What left by turns and what leaves by shares must not meet in one second; and the others count us within ASK_AGAIN.
            self._held_until = now + (ASK_AGAIN if newcomer else SECOND)
        self._ask_at, self._settled_at = now + ASK_AGAIN, math.inf
        await self._count()

    def _find(self) -> None:
        if self._settled_at == math.inf:
            if self._ask_at:
                log.warning("pace.together", do="Redis answers: all processes share one pace again")
            self._ask_at, self._settled_at = 0.0, self._time() + SETTLE

    async def _count(self) -> None:
        try:
            self._bucket.share = 1 / max(await self._peers(), 1)
            self._counted = True
        except StoreError as error:  # then the last known share holds
            log.error("pace.no_database", error=str(error))
