"""One real Rasa for tests: trained if anything changed, served by a process of its own."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bot.settings import ROOT, load
from bot.understanding.supervisor import STARTUP, free_port, nlu_environment, nlu_python

TRAINING = 600.0  # seconds, on a busy machine


@contextlib.contextmanager
def running_rasa(log: Path) -> Iterator[str]:
    """The address of a Rasa with a fitting model: that of LOA_RASA_URL if it is set, else one that lives as long as the block."""
    if url := load().rasa_url:
        yield url
        return
    with log.open("ab") as out:
        assert _run("nlu.train", out=out).wait(TRAINING) == 0, f"Training failed:\n{log.read_text()[-2000:]}"
        port = free_port()
        process = _run("nlu.serve", "--port", str(port), out=out)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _run(module: str, *arguments: str, out: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [str(nlu_python()), "-m", module, *arguments],
        cwd=ROOT,
        env=nlu_environment(),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,  # type: ignore[call-overload]
    )


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + STARTUP
    while time.monotonic() < end:
        assert process.poll() is None, f"Rasa ended at once:\n{log.read_text()[-2000:]}"
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/webhooks/loa/health", trust_env=False).status_code == 200:
                return
        time.sleep(0.3)  # another process loads: there is nothing to await
    raise AssertionError(f"Rasa was not ready after {STARTUP:.0f} s:\n{log.read_text()[-2000:]}")
