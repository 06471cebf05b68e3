"""The engine, transactions and migrations: one `Database` for SQLite (the embedded default) and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import SettingError, StoreError

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_READ = "loa_read_only"
# A process frozen in the middle of a transaction must not hold up all others for as long as it is frozen.
_FROZEN = "30s"


def database_url(text: str) -> URL:
    """`sqlite:///path` or `postgresql://…` with the async driver. Raises SettingError."""
    try:
        url = make_url(text)
        return url.set(drivername=_DRIVERS[url.get_backend_name()])
    except Exception:
        raise SettingError("LOA_DATABASE_URL: must be sqlite:///path or postgresql://user:password@host/name") from None


class Database:
    """`write()` and `read()` are transactions; leaving a block by an exception undoes it. Raises StoreError when the server is away."""

    def __init__(self, text: str):
        self.url = database_url(text)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"pool_pre_ping": not self.sqlite, "pool_size": 10, "max_overflow": 10, "pool_timeout": 10}
        if self.sqlite:
            Path(self.url.database or "").parent.mkdir(parents=True, exist_ok=True)
            options |= {"connect_args": {"timeout": 15}}
        else:
            options |= {"connect_args": {"connect_timeout": 5}}
        # SQLite has one writer, and waits for it by sleeping: within this process writers queue up here instead and lose no time.
        self._turn: AbstractAsyncContextManager[object] = asyncio.Lock() if self.sqlite else nullcontext()
        self.engine: AsyncEngine = create_async_engine(self.url, **options)
        if self.sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine.sync_engine, "connect", _prepare_postgresql)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with self._turn, _translated(), self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with _translated(), self.engine.connect() as connection:
            await connection.execution_options(**{_READ: True})
            yield connection

    async def ping(self) -> None:
        """Raises StoreError if the database does not answer."""
        async with self.read() as connection:
            await connection.exec_driver_sql("SELECT 1")

    async def migrate(self) -> None:
        """Bring the schema to the newest revision; safe to call from several processes at once."""
        await asyncio.to_thread(self._migrate)

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["url"] = self.url
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            raise StoreError(_explain(error)) from error

    async def close(self) -> None:
        await self.engine.dispose()


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
        raise StoreError(_explain(error)) from error


def _explain(error: Exception) -> str:
    """What went wrong without the statement's values, which may be personal."""
    cause = str(getattr(error, "orig", error)).strip().splitlines()[0]
    hint = "the disk is full: free some space" if "disk" in cause and "full" in cause else "check LOA_DATABASE_URL and that the server runs"
    return f"database: {cause} — {hint}"


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun by us, see below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgresql(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{_FROZEN}'")
    cursor.close()
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail with "locked" when another got in between: take the lock at once.
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(_READ) else "BEGIN IMMEDIATE")
