"""How each kind of mishap is brought about, and how many messages nobody can know about because of it."""

import asyncio
import contextlib
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.kit.bot_api import Api
from bot.store.database import Database
from tests.faults.crew import ROLES, Crew
from tests.faults.plan import SENDING, Mishap
from tests.faults.postgres import Postgres, cut_connections, kill_backend
from tests.faults.zygote import IN_FLIGHT
from tests.integration.pace.conftest import RedisServer

SERVER_ERRORS = (500, 502, 503, 504)


@dataclass
class Trouble:
    """Brings mishaps about. `most_unknown`: rows that may end as unknown after what was done so far."""

    crew: Crew
    api: Api
    database: Database
    postgres: Postgres | None
    redis: RedisServer | None
    pieces: int
    most_unknown: int = 0

    async def happen(self, mishap: Mishap) -> None:
        await self._kinds()[mishap.kind](mishap)

    def _kinds(self) -> dict[str, Callable[[Mishap], Awaitable[None]]]:
        return {
            **{f"kill {role}": self._kill for role in ROLES},
            "power cut": self._power_cut,
            "stop": self._stop,
            "freeze": self._freeze,
            "429 storm": self._storm,
            "5xx": self._server_error,
            "reset": self._reset,
            "torn": lambda mishap: self._spoil(mishap, kind="torn"),
            "late": lambda mishap: self._spoil(mishap, kind="deliver_late", wait=0.8 + mishap.seconds),
            "slow": lambda mishap: self._spoil(mishap, kind="slow", wait=mishap.seconds),
            "slow loris": lambda mishap: self._spoil(mishap, kind="slow_loris", drip=mishap.seconds / 10),
            "wrong json": lambda mishap: self._spoil(mishap, kind="malformed", body=mishap.answer),
            "outage": self._outage,
            "full disk": self._full_disk,
            "cut connections": self._cut_connections,
            "kill backend": self._kill_backend,
            "restart database": self._restart_database,
            "restart redis": self._restart_redis,
        }

    # --- processes

    async def _kill(self, mishap: Mishap) -> None:
        await self._kill_role(mishap.kind.removeprefix("kill "), mishap.seconds / 4)

    async def _kill_role(self, role: str, away: float) -> None:
        self.crew.kill(role)
        if role in SENDING:
            self.most_unknown += IN_FLIGHT
        await asyncio.sleep(away)
        await self.crew.hire(role)

    async def _power_cut(self, mishap: Mishap) -> None:
        self.crew.kill(*ROLES)
        self.most_unknown += IN_FLIGHT * len(SENDING)
        await asyncio.sleep(mishap.seconds / 4)
        await self.crew.hire(*ROLES)

    async def _stop(self, mishap: Mishap) -> None:
        """In order, as for an update: nothing may become unknown by it. The next one begins while this one winds down."""
        self.crew.signal(mishap.who, signal.SIGTERM)
        await self.crew.hire(mishap.who)

    async def _freeze(self, mishap: Mishap) -> None:
        """A machine that sleeps for longer than the others wait, and then goes on as if nothing had been."""
        self.crew.signal(mishap.who, signal.SIGSTOP)
        await asyncio.sleep(mishap.seconds)
        self.crew.signal(mishap.who, signal.SIGCONT)
        if mishap.who in SENDING:
            self.most_unknown += IN_FLIGHT

    # --- answers

    async def _fault(self, mishap: Mishap, **details: object) -> None:
        await self.api.control("fault", method="sendMessage", times=mishap.times, **details)

    async def _storm(self, mishap: Mishap) -> None:
        await self._fault(mishap, kind="too_many", retry_after=1)

    async def _spoil(self, mishap: Mishap, **details: object) -> None:
        """Answers that do not say whether the message arrived."""
        self.most_unknown += mishap.times
        await self._fault(mishap, **details)

    async def _server_error(self, mishap: Mishap) -> None:
        dice = random.Random(str(mishap))
        kind = {"kind": "bad_gateway"} if dice.random() < 0.3 else {"kind": "error", "status": dice.choice(SERVER_ERRORS)}
        await self._spoil(mishap, deliver=dice.random() < 0.5, **kind)

    async def _reset(self, mishap: Mishap) -> None:
        await self._spoil(mishap, kind="deliver_close" if mishap.times % 2 else "close")

    async def _outage(self, mishap: Mishap) -> None:
        """Every connection is cut with its requests on their way, and new ones are refused."""
        self.most_unknown += IN_FLIGHT * len(SENDING)
        with contextlib.suppress(httpx.TransportError):  # it cuts this connection too
            await self.api.control("outage", seconds=mishap.seconds)
        await self._meanwhile(mishap)
        await self._answering()

    async def _answering(self) -> None:
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    await self.api.control("wait")
                    return
                await asyncio.sleep(0.05)

    # --- the store

    async def _full_disk(self, mishap: Mishap) -> None:
        path = self.database.url.database or ""
        size = max(file.stat().st_size for file in (Path(path), Path(f"{path}-wal")))
        with self.crew.no_file_may_grow(size):
            self._pieces_may_be_lost()
            await self._meanwhile(mishap)

    async def _cut_connections(self, mishap: Mishap) -> None:
        self._pieces_may_be_lost()
        await cut_connections(self.database.url)

    async def _kill_backend(self, mishap: Mishap) -> None:
        self._pieces_may_be_lost()
        await kill_backend(self.database.url)

    async def _restart_database(self, mishap: Mishap) -> None:
        assert self.postgres
        self._pieces_may_be_lost()
        await asyncio.to_thread(self.postgres.stop_hard)
        try:
            await self._meanwhile(mishap)
        finally:
            await asyncio.to_thread(self.postgres.start)

    async def _restart_redis(self, mishap: Mishap) -> None:
        """It comes back empty."""
        assert self.redis
        await self.redis.kill()
        try:
            await self._meanwhile(mishap)
        finally:
            await self.redis.start()

    def _pieces_may_be_lost(self) -> None:
        """Between two pieces the ledger must be told how far it got; where it cannot be, nobody knows."""
        if self.pieces > 1:
            self.most_unknown += IN_FLIGHT * len(SENDING)

    async def _meanwhile(self, mishap: Mishap) -> None:
        await asyncio.sleep(mishap.seconds / 2)
        if mishap.meanwhile:
            await self._kill_role("sender", 0.1)
        await asyncio.sleep(mishap.seconds / 2)
