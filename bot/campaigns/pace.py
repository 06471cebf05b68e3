"""`Pace` in one process: replies first, campaigns in the room that is left, everybody quiet when the platform says so."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import structlog

from bot.campaigns.pacing import Bucket, Chats
from bot.clock import monotonic

log = structlog.get_logger()

NEAR = 0.1  # seconds ahead of its moment that a campaign message is written down as leaving

Waiting = tuple[asyncio.Future[int | None], int]  # for how many messages


class LocalPace:
    """One for each bot token, shared by everything in this process that sends with it.

    `chats=None`: the platform has no limit a chat. `time`: a steady clock in seconds.
    """

    def __init__(self, rate: float, chats: Chats | None = None, time: Callable[[], float] = monotonic):
        self._bucket, self._chats, self._time = Bucket(rate), chats, time
        self.beside: LocalPace | None = None  # another pace of the same bot: it falls silent together with this one
        self._replies: deque[Waiting] = deque()
        self._campaigns: deque[Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        # Those between `campaign` and `leave`: enough to keep the pace while they are written down, and no more.
        self._near = asyncio.Semaphore(math.ceil(rate * NEAR) + 1)

    async def reply(self, chat: str, messages: int = 1) -> AbstractContextManager[None]:
        await self._gap(chat)
        number = await self._reply_turn(messages)
        assert number is not None  # only campaigns are sent back
        return self._on_its_way(number)

    async def campaign(self, chat: str) -> None:
        while (closed := self._bucket.closed_for(self._time())) > 0:  # noqa: ASYNC110 - for a time, not for an event
            await asyncio.sleep(closed)
        await self._near.acquire()
        try:
            await self._gap(chat)  # last of all, so that little time passes until it leaves
        except BaseException:
            self._near.release()
            raise

    async def leave(self, messages: int = 1) -> AbstractContextManager[None] | None:
        try:
            number = None if self._silent() else await self._campaign_turn(messages)
            return None if number is None else self._on_its_way(number)
        finally:
            self._near.release()

    def back_out(self) -> None:
        self._near.release()

    def shared_by(self, processes: int) -> None:
        self._bucket.share = 1 / max(processes, 1)

    async def pause(self, seconds: float) -> None:
        for pace in filter(None, (self, self.beside)):
            pace._close(seconds)
        log.warning("pace.paused", seconds=round(seconds, 2), share=round(self._bucket.factor, 2))

    def _silent(self) -> bool:
        """Whether what is nearly due is not due any more: the platform was heard meanwhile."""
        return self._bucket.closed_for(self._time()) > NEAR

    def _close(self, seconds: float) -> None:
        self._bucket.close(self._time(), seconds)
        if self._silent():
            # Written down as leaving, they would neither hear a stop nor a pause while they wait: they go back.
            for turn, _ in self._campaigns:
                if not turn.done():
                    turn.set_result(None)
            self._campaigns.clear()

    async def _gap(self, chat: str) -> None:
        if self._chats and (wait := self._chats.book(chat, self._time())) > 0:
            await asyncio.sleep(wait)

    @contextmanager
    def _on_its_way(self, number: int) -> Iterator[None]:
        answered = False
        try:
            yield
            answered = True
        finally:
            self._bucket.landed(number, self._time(), answered)

    async def _reply_turn(self, messages: int) -> int | None:
        """Its number in the bucket."""
        return await self._turn(self._replies, messages)

    async def _campaign_turn(self, messages: int) -> int | None:
        """Its number in the bucket; None if the platform asks for silence before it comes."""
        return await self._turn(self._campaigns, messages)

    async def _turn(self, lane: deque[Waiting], messages: int) -> int | None:
        turn: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        lane.append((turn, messages))
        self._let_go()
        try:
            return await turn
        except asyncio.CancelledError:
            if (turn, messages) in lane:
                lane.remove((turn, messages))
            elif turn.done() and not turn.cancelled() and (number := turn.result()) is not None:
                self._bucket.forget(number)
            raise

    def _let_go(self) -> None:
        """Give a turn to everyone whose time has come, replies first, and look again when the next one's does."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._replies or self._campaigns:
            now = self._time()
            replying = bool(self._replies)
            turn, messages = (self._replies if replying else self._campaigns)[0]
            wait = self._bucket.reply_in(now, messages) if replying else self._bucket.campaign_in(now, messages)
            if wait > 0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._let_go)
                return
            (self._replies if replying else self._campaigns).popleft()
            if turn.done():
                continue
            turn.set_result(self._bucket.took_reply(now, messages) if replying else self._bucket.took_campaign(now, messages))


class NoPace:
    """For channels without a limit (the web page, the terminal)."""

    async def reply(self, chat: str, messages: int = 1) -> AbstractContextManager[None]:
        return nullcontext()

    async def campaign(self, chat: str) -> None:
        # Sending that never waits would keep the loop from everything else.
        await asyncio.sleep(0)

    async def leave(self, messages: int = 1) -> AbstractContextManager[None] | None:
        return nullcontext()

    def back_out(self) -> None:
        return None

    def shared_by(self, processes: int) -> None:
        return None

    async def pause(self, seconds: float) -> None:
        return None
