"""Rasa as a supervised child: started, health-checked, restarted with backoff when it dies or hangs, stopped with the bot."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from bot.settings import ROOT
from bot.tasks import first_of

log = structlog.get_logger()

STARTUP = 180.0  # seconds until a starting Rasa counts as hung: TensorFlow's import alone takes 15 on a small server
CHECK_EVERY = 2.0
HUNG_AFTER = 5  # failed checks in a row, once it has been ready
BACKOFF = (1.0, 2.0, 5.0, 10.0, 30.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nlu_python() -> Path:
    return ROOT / ".venv-nlu" / "bin" / "python"


def nlu_environment(content: Path = ROOT / "content", **extra: str) -> dict[str, str]:
    """The child's environment: where the examples are, telemetry off, one thread per maths library (a turn is too small to share).

    Of our settings it learns nothing else, above all no secrets.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LOA_")}
    return (
        kept
        | {
            "LOA_CONTENT_DIR": str(content.resolve()),
            "RASA_TELEMETRY_ENABLED": "false",
            "OMP_NUM_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONWARNINGS": "ignore",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "PYTHONUNBUFFERED": "1",
        }
        | extra
    )


class Supervisor:
    """`run()` keeps one child alive until cancelled. `ready` tells whether turns can be asked."""

    def __init__(self, port: int, check: Callable[[], Awaitable[bool]], log_file: Path, environment: dict[str, str]):
        self.ready = False
        self.restarts = 0
        self._port = port
        self._check = check
        self._log_file = log_file
        self._environment = environment
        self._again = asyncio.Event()

    def restart(self) -> None:
        """Load the newest model: stop the child, the loop starts another. Turns in between get the menu."""
        self._again.set()

    async def run(self) -> None:
        failures = 0
        while True:
            self._again.clear()
            process = await self._start()
            try:
                lived = await self._watch(process)
            finally:
                self.ready = False
                await _stop(process)
            if self._again.is_set():
                failures = 0
                continue
            failures = 0 if lived else failures + 1
            wait = BACKOFF[min(failures, len(BACKOFF) - 1)]
            self.restarts += 1
            log.error("rasa.died", code=process.returncode, restart_in=wait, see=str(self._log_file))
            await asyncio.sleep(wait)

    async def _start(self) -> asyncio.subprocess.Process:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as out:
            return await asyncio.create_subprocess_exec(
                str(nlu_python()),
                "-m",
                "nlu.serve",
                "--port",
                str(self._port),
                cwd=ROOT,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C goes to the bot, which stops Rasa in order
            )

    async def _watch(self, process: asyncio.subprocess.Process) -> bool:
        """Until the child ends, hangs or is to be replaced. True if it ever became ready."""
        was_ready, missed = False, 0
        loop = asyncio.get_running_loop()
        started = loop.time()
        while process.returncode is None and not self._again.is_set():
            healthy = await self._check()
            if healthy and not self.ready:
                log.info("rasa.ready", seconds=round(loop.time() - started, 1))
            missed = 0 if healthy else missed + 1
            self.ready = healthy or (self.ready and missed < HUNG_AFTER)
            was_ready = was_ready or healthy
            if was_ready and missed >= HUNG_AFTER:
                log.error("rasa.hung", seconds=HUNG_AFTER * CHECK_EVERY)
                break
            if not was_ready and loop.time() - started > STARTUP:
                log.error("rasa.hung", seconds=STARTUP)
                break
            await first_of(CHECK_EVERY if was_ready else 0.5, process.wait(), self._again.wait())
        return was_ready


async def _stop(process: asyncio.subprocess.Process) -> None:
    """TERM, three seconds, KILL; the whole process group, so that no worker of Rasa's stays."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(3):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
