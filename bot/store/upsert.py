"""INSERT … ON CONFLICT for both databases: the same words, from two dialect modules."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import Base


def upsert(
    connection: AsyncConnection, table: type[Base], values: Any, key: Sequence[str], changed: Mapping[str, Any] | None = None
) -> Any:
    """Insert `values` (one mapping or many); where `key` is taken, set `changed`, or leave the row alone if that is None."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert: Any = dialect.insert(table).values(values)
    if changed is None:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(index_elements=key, set_=changed)
