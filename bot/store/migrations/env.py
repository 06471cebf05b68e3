"""Alembic's entry: one connection, one transaction that is all or nothing, and a lock so that two starting processes take turns."""

from alembic import context
from sqlalchemy import create_engine, text

from bot.store.tables import Base

# Migrations run in a thread with a plain driver: psycopg speaks both ways, and SQLite's is in the standard library.
url = context.config.attributes["url"]
if url.get_backend_name() == "sqlite":
    url = url.set(drivername="sqlite")

# Without its isolation level, sqlite3 begins and commits nothing by itself: it would end our transaction at the first CREATE TABLE.
sqlite = {"timeout": 30, "isolation_level": None}
engine = create_engine(url, connect_args=sqlite if url.get_backend_name() == "sqlite" else {"connect_timeout": 5})
with engine.connect() as connection:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(1061)"))
    else:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, transactional_ddl=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    finally:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_unlock(1061)"))
            connection.commit()
engine.dispose()
