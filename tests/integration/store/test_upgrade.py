"""Upgrading a database that holds residents: all or nothing, and by one process at a time."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

import bot.store.database
from bot.settings import ROOT
from bot.store.database import Database

CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(bot.store.database.__file__).parent / "migrations"))
OLD, NEW = "0002", ScriptDirectory.from_config(CONFIG).get_current_head()
ROWS = (
    "INSERT INTO subscribers (channel, chat, language, joined_at, consent_version, consent_at)"
    " VALUES ('telegram', '42', 'vi', '2022-01-01', 'v1', '2022-01-01')",
    "INSERT INTO campaigns (id, state, author, updated_at) VALUES ('thu', 'running', 'Soạn', '2022-01-01')",
    "INSERT INTO occurrences (campaign, key, hash, body, due_at, until, state, filled_to, audience)"
    " VALUES ('thu', 'k', 'h', '{}', '2022-01-01', '2022-01-02', 'sending', 1, 1)",
    "INSERT INTO deliveries (occurrence_id, subscriber_id, channel, priority, state, pieces, attempts)"
    " VALUES (1, 1, 'telegram', 0, 'unknown', 0, 0)",
)


@pytest.fixture
async def old(database_url: str) -> AsyncIterator[Database]:
    """A database of an earlier Loa, in use."""
    database = Database(database_url)
    CONFIG.attributes["url"] = database.url
    await asyncio.to_thread(command.upgrade, CONFIG, OLD)
    async with database.write() as connection:
        for row in ROWS:
            await connection.execute(text(row))
    yield database
    await database.close()


async def upgrade(database_url: str, mode: str) -> Process:
    arguments = ("-m", "tests.integration.store.upgrade_process", database_url, mode)
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdin=PIPE, stdout=PIPE)


async def says(process: Process, word: str) -> None:
    """Wait until it says `word`, or has ended."""
    assert process.stdout
    while (line := await process.stdout.readline()) and line.decode().strip() != word:
        pass


async def holds(database: Database) -> tuple[str, str, str, int]:
    """The revision, and what became of the rows."""
    query = (
        "SELECT version_num, chat, deliveries.state, paid FROM alembic_version, subscribers, campaigns, occurrences, deliveries"
        " WHERE subscriber_id = subscribers.id AND campaign = campaigns.id AND occurrence_id = occurrences.id"
    )
    async with database.read() as connection:
        [row] = await connection.execute(text(query))
    return tuple(row)  # type: ignore[return-value]


async def test_two_processes_that_upgrade_at_once_take_turns(old: Database, database_url: str) -> None:
    async with asyncio.timeout(60):
        first = await upgrade(database_url, "halting")
        await says(first, "half")
        second = await upgrade(database_url, "straight")
        await says(second, "lock")
        await first.communicate(b"\n")
        await second.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert await holds(old) == (NEW, "42", "unknown", 0)


async def test_an_upgrade_killed_half_way_left_nothing_and_the_next_start_does_it(old: Database, database_url: str) -> None:
    async with asyncio.timeout(60):
        killed = await upgrade(database_url, "dying")
        await killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    async with old.read() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == OLD
    await old.migrate()
    assert await holds(old) == (NEW, "42", "unknown", 0)
