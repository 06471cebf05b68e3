"""A real Rasa, trained from the real content, behind its real channel."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlu.quiet import quieten

quieten()
ROOT = Path(__file__).parents[2]
_START_LIMIT = 120.0


class Server:
    """One `python -m nlu.serve`; `output` is a file with everything it printed."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.port, self.process, self.output = port, process, output

    def request(self, method: str, path: str, body: "bytes | None" = None) -> "tuple[int, Any]":
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, {"content-type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def turn(self, sender: str, text: str, today: str = "2022-11-07") -> dict[str, Any]:
        status, reply = self.request("POST", "/webhooks/loa/webhook", json.dumps({"sender": sender, "text": text, "today": today}).encode())
        assert status == 200, reply
        return reply

    def acts(self, sender: str, text: str, today: str = "2022-11-07") -> list[dict[str, Any]]:
        return self.turn(sender, text, today)["acts"]


@pytest.fixture(scope="session")
def model() -> Path:
    """The model that fits the checkout, trained if need be."""
    subprocess.run([sys.executable, "-m", "nlu.train"], cwd=ROOT, check=True)
    from nlu.fingerprint import newest_model

    found = newest_model()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    output = tmp_path_factory.mktemp("serve") / "output.txt"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with open(output, "wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "nlu.serve", "--port", str(port)], cwd=ROOT, stdout=file, stderr=file, env=environment
        )
    started = Server(port, process, output)
    try:
        _await_health(started)
        yield started
    finally:
        process.terminate()
        assert process.wait(10) is not None


def _await_health(server: Server) -> None:
    deadline = time.monotonic() + _START_LIMIT
    while True:
        try:
            if server.request("GET", "/webhooks/loa/health")[0] == 200:
                return
        except OSError:
            pass
        assert server.process.poll() is None, server.output.read_text()
        assert time.monotonic() < deadline, "Rasa did not start"
        time.sleep(0.2)  # polling another process, which announces nothing
