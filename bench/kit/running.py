"""Servers under test, each a child process in a folder of its own, stopped and removed at the end."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.settings import ROOT
from bot.understanding.supervisor import free_port, nlu_environment, nlu_python

STARTUP = 240.0  # seconds; TensorFlow alone takes 15, more on a busy machine
_DEGRADED = '"event": "turn.degraded"'


@dataclass(frozen=True)
class Server:
    """`door`: where residents' questions go in. `rasa`: the address of Rasa itself, `rasa_pid` its process."""

    door: str
    rasa: str
    rasa_pid: int
    log: Path

    def degraded(self) -> int:
        """Turns that were answered without Rasa, which a benchmark must not count as turns."""
        return self.log.read_text(encoding="utf-8", errors="replace").count(_DEGRADED)


@contextmanager
def loa() -> Iterator[Server]:
    """Rasa and, in a process of its own, `loa up` with its web server and SQLite; only the rate limit is out of the way.

    Rasa is ours to start: under `loa up` an edit of the content would train and replace it in the middle of a measurement.
    """
    with tempfile.TemporaryDirectory(prefix="loa-bench-") as folder, _rasa(["nlu.serve"], "webhooks/loa/health", Path(folder)) as rasa:
        port, log = free_port(), Path(folder) / "loa.log"
        settings = {
            "LOA_STATE_DIR": folder, "LOA_PORT": str(port), "LOA_RASA_URL": rasa.rasa, "LOA_WEB_RATE_PER_MINUTE": "100000000",
            "LOA_LOG_JSON": "true", "LOA_DATABASE_URL": "", "LOA_REDIS_URL": "",
        }  # fmt: skip
        door = f"http://127.0.0.1:{port}"
        with _process([sys.executable, "-m", "bot", "up", "--no-telegram"], os.environ | settings, log) as process:
            _wait(process, f"{door}/readyz", log)
            yield Server(door, rasa.rasa, rasa.rasa_pid, log)


@contextmanager
def stock_rasa(folder: Path) -> Iterator[Server]:
    """`rasa run` with the model and credentials in `folder`; its REST channel is the door."""
    arguments = ["--interface", "127.0.0.1", "--model", str(folder / "model.tar.gz"), "--credentials", str(folder / "credentials.yml")]
    with _rasa(["rasa", "run", *arguments, "--enable-api"], "status", folder) as server:
        yield server


@contextmanager
def _rasa(module: list[str], ready: str, folder: Path) -> Iterator[Server]:
    """A Rasa on a free port; `ready`: the path that answers 200 once a model is loaded."""
    port, log = free_port(), folder / "rasa.log"
    url = f"http://127.0.0.1:{port}"
    with _process([str(nlu_python()), "-m", *module, "--port", str(port)], nlu_environment(), log) as process:
        _wait(process, f"{url}/{ready}", log)
        yield Server(url, url, process.pid, log)


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Until `url` answers 200. Raises RuntimeError with the end of the log when the process dies or takes too long."""
    deadline = time.monotonic() + STARTUP
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):  # an HTTP error is an OSError too
            return
        time.sleep(0.5)
    raise RuntimeError(f"the server under test did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
