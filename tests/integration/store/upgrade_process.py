"""One process that upgrades a database: `python -m tests.integration.store.upgrade_process DATABASE MODE`.

MODE: `straight`; `dying` is killed between two statements; `halting` stops there, says "half" and goes on once it reads a line.
Says "lock" when it asks for its turn.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from alembic import op
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.store.database import Database


def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if statement.startswith("BEGIN IMMEDIATE") or "pg_advisory_lock" in statement:
        print("lock", flush=True)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def halt() -> None:
    print("half", flush=True)
    sys.stdin.readline()


def first(do: Callable[[], None], then: Callable[..., None]) -> Callable[..., None]:
    def both(*arguments: Any, **options: Any) -> None:
        do()
        then(*arguments, **options)

    return both


if __name__ == "__main__":
    event.listen(Engine, "before_cursor_execute", listen)
    if sys.argv[2] != "straight":
        op.create_index = first({"dying": die, "halting": halt}[sys.argv[2]], op.create_index)
    asyncio.run(Database(sys.argv[1]).migrate())
