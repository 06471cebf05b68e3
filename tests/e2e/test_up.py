"""`loa up` as an operator runs it: a process of its own, real Rasa, a real browser's API, a Bot API on loopback."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from bot.services.campaigns import SYSTEM
from bot.settings import ROOT
from tests.conftest import until
from tests.doubles.bot_api import BotApi

pytestmark = pytest.mark.timeout(300)
START, STOP = 120.0, 10.0  # seconds; starting loads TensorFlow on a busy machine


class Up:
    """A running `loa up`."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, state: Path):
        self.process, self.url, self.state = process, url, state
        self.http = httpx.AsyncClient(base_url=url, timeout=10)

    async def get(self, path: str) -> Any:
        return (await self.http.get(path)).json()

    async def ask(self, text: str, **more: str) -> list[dict[str, Any]]:
        answer = await self.http.post("/api/chat", json={"text": text, **more})
        answer.raise_for_status()
        return list(answer.json()["replies"])

    async def rasa(self, state: str) -> None:
        async with asyncio.timeout(START):
            while (await self.get("/readyz"))["rasa"] != state:
                await asyncio.sleep(0.2)

    def rasa_process(self) -> psutil.Process:
        [child] = [c for c in psutil.Process(self.process.pid).children() if "nlu.serve" in " ".join(c.cmdline())]
        return child

    async def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(STOP):
            return await self.process.wait()


@asynccontextmanager
async def up(state: Path, log: Path, **settings: str) -> AsyncIterator[Up]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOA_")} | {
        "LOA_STATE_DIR": str(state),
        "LOA_RASA_PORT": "0",
        "LOA_WEB_RATE_PER_MINUTE": "1000",
        "LOA_TURN_TIMEOUT": "20",
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "up", "--port", "0", cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=errors
        )
    drain = None
    try:
        assert process.stdout
        async with asyncio.timeout(30):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + log.read_text()
        drain = asyncio.create_task(process.stdout.read())
        running = Up(process, found.group(), state)
        async with running.http:
            yield running
    finally:
        if process.returncode is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            await process.wait()
        if drain:
            await drain


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "loa.log"


async def test_the_page_answers_before_rasa_has_loaded_and_again_after_rasa_was_killed(tmp_path: Path, log: Path) -> None:
    async with up(tmp_path / "state", log) as loa:
        assert "VNeID" in (await loa.http.get("/")).text
        assert (await loa.get("/readyz"))["status"] == "degraded"
        [menu] = await loa.ask("lệ phí làm định danh")
        assert "chưa đọc được câu tự gõ" in menu["text"] and menu["buttons"]
        answer = await loa.http.post("/api/chat", json={"payload": "/topic dinh_danh/le_phi"})
        assert answer.json()["replies"][0]["topic"] == "dinh_danh/le_phi"

        await loa.rasa("ok")
        [answer] = await loa.ask("làm định danh mức 2 có mất tiền không")
        assert answer["topic"] == "dinh_danh/le_phi" and answer["sources"]

        loa.rasa_process().kill()
        await loa.rasa("starting")
        assert "chưa đọc được câu tự gõ" in (await loa.ask("làm định danh mức 2 ở đâu"))[0]["text"]
        await loa.rasa("ok")
        assert (await loa.ask("làm định danh mức 2 ở đâu"))[0]["topic"] == "dinh_danh/o_dau"

        assert await loa.stop() == 0
    assert "Traceback" not in log.read_text()


async def test_a_telegram_resident_is_answered_and_a_kill_loses_no_question(tmp_path: Path, log: Path) -> None:
    state = tmp_path / "state"
    async with BotApi() as api:
        settings = {"LOA_TELEGRAM_TOKEN": api.token, "LOA_TELEGRAM_API_URL": api.url, "LOA_STAFF_CHATS": "telegram:99"}
        async with up(state, log, **settings) as loa:
            await loa.rasa("ok")
            api.say(5, "sổ hộ khẩu giấy còn dùng được không")
            await api.until(lambda: api.texts(5))
            assert "hết giá trị" in api.texts(5)[0] and "Căn cứ" in api.texts(5)[0]

            # Killed while a reply is on its way: the question is stored, so the next start answers it.
            api.fault("slow", method="sendMessage", chat=6)
            api.say(6, "mất thẻ căn cước thì làm sao")
            await until(lambda: api.sends(6))
            loa.rasa_process().kill()
            loa.process.kill()
            await loa.process.wait()
        api.clear_faults()
        api.say(7, "đăng ký định danh mức 2 ở đâu")
        with sqlite3.connect(state / "loa.db") as database:
            paused = (
                "nhac-so-ho-khau",
                "pause",
                SYSTEM,
                datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
                "30 trong 100 tin gần nhất không gửi được",
            )
            database.execute("INSERT INTO audit (campaign, action, actor, at, detail) VALUES (?, ?, ?, ?, ?)", paused)
        before = len(api.sends(6))
        async with up(state, log, **settings) as loa:
            await api.until(lambda: len(api.sends(6)) > before and api.texts(7), timeout=START)
            await api.until(lambda: api.texts(99), timeout=START)
            assert "tự tạm dừng" in api.texts(99)[0] and "30 trong 100" in api.texts(99)[0]
            assert await loa.stop(signal.SIGINT) == 0
        assert len(api.texts(7)) >= 1 and len(api.sends(5)) == 1
    text = log.read_text()
    assert api.token not in text and "mất thẻ" not in text
    with sqlite3.connect(state / "loa.db") as database:
        assert database.execute("SELECT count(*) FROM inbox WHERE body IS NOT NULL").fetchone() == (0,)


async def test_an_edited_answer_is_live_without_training_and_a_broken_one_changes_nothing(tmp_path: Path, log: Path) -> None:
    content = Path(shutil.copytree(ROOT / "content", tmp_path / "content"))
    async with up(tmp_path / "state", log, LOA_CONTENT_DIR=str(content)) as loa:
        file = content / "faq" / "chung.yml"
        good = file.read_text()

        async def shows(words: str) -> bool:
            answer = await loa.http.post("/api/chat", json={"payload": "/topic chung/hotline"})
            return words in answer.json()["replies"][0]["text"]

        file.write_text(good.replace("short: ", "short: ĐÃ SỬA ", 99))
        async with asyncio.timeout(15):
            while not await shows("ĐÃ SỬA"):
                await asyncio.sleep(0.2)
        file.write_text(good.replace("short: ", "sort: ", 1))
        async with asyncio.timeout(15):
            while "content.rejected" not in log.read_text():
                await asyncio.sleep(0.2)
        assert await shows("ĐÃ SỬA")
        async with asyncio.timeout(15):
            while "loa_content_problems 0.0" in (await loa.http.get("/metrics")).text:
                await asyncio.sleep(0.5)


async def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path, log: Path) -> None:
    async with up(tmp_path / "state", log) as loa:
        port = loa.url.rpartition(":")[2]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "up",
            "--port",
            port,
            cwd=ROOT,
            env=os.environ | {"LOA_STATE_DIR": str(tmp_path / "other")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        assert process.returncode == 1
        assert f"port {port}" in said.decode() and "Traceback" not in said.decode()
