"""The loopback Bot API as a process of its own: what is measured is the client, and the witness survives it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.settings import ROOT


@dataclass(frozen=True)
class Api:
    """`log`: a JSON line for each call, written by the double itself."""

    url: str
    token: str
    log: Path

    async def control(self, name: str, **details: object) -> Any:
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.post(f"{self.url}/control/{name}", json=details)
        return answer.raise_for_status().json()["result"]

    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def deliveries(self) -> list[dict[str, Any]]:
        """Messages that residents got, in order. A call that was done and then went wrong has two lines and one message."""
        got = {
            (call["chat"], call["message_id"]): call
            for call in reversed(self.calls())
            if call["delivered"] and call["method"].lower().startswith("send")
        }
        return sorted(got.values(), key=lambda call: call["at"])


@asynccontextmanager
async def bot_api(folder: Path, per_second: int | None = None) -> AsyncIterator[Api]:
    """Started, and stopped at the end. `per_second`: refuse what is faster, as Telegram does; None: take everything."""
    log = folder / "calls.jsonl"
    log.unlink(missing_ok=True)
    limits = ["--rates", "--per-second", str(per_second)] if per_second else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.doubles.bot_api", "--log", str(log), *limits, cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout
        started = json.loads(await process.stdout.readline())
        yield Api(started["url"], started["token"], log)
    finally:
        process.terminate()
        await process.wait()
