"""The store on both engines: schema, transactions, consent, and what a missing server says."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from bot.clock import ManualClock
from bot.errors import SettingError, StoreError
from bot.messages import Address, Incoming, Message
from bot.store import conversations, inbox, outbox, subscribers
from bot.store.database import Database
from bot.store.database import database_url as parse_url
from bot.store.tables import Base, Subscriber

ADDRESS = Address("telegram", "42")


async def test_migrations_lead_to_exactly_the_tables_in_the_code(database: Database) -> None:
    async with database.read() as connection:
        differences = await connection.run_sync(lambda sync: compare_metadata(MigrationContext.configure(sync), Base.metadata))
    assert differences == []


async def test_migrating_twice_or_from_two_processes_changes_nothing(database_url: str) -> None:
    first, second = Database(database_url), Database(database_url)
    await first.migrate()
    await second.migrate()
    await first.close()
    await second.close()


async def test_leaving_by_an_exception_undoes_the_work(database: Database, clock: ManualClock) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await subscribers.opt_in(connection, ADDRESS, None, "v1", clock.now())
            raise RuntimeError("on the way")
    async with database.read() as connection:
        assert await subscribers.find(connection, ADDRESS) is None


async def test_consent_comes_back_as_it_was_given(database: Database, clock: ManualClock) -> None:
    async with database.write() as connection:
        await subscribers.opt_in(connection, ADDRESS, "unit:vinh-phu", "v1", clock.now())
    async with database.read() as connection:
        consent = await subscribers.find(connection, ADDRESS)
    assert consent and (consent.place, consent.version, consent.given_at, consent.in_force) == ("unit:vinh-phu", "v1", clock.now(), True)


async def test_opting_out_counts_once_and_opting_in_again_renews(database: Database, clock: ManualClock) -> None:
    async with database.write() as connection:
        await subscribers.opt_in(connection, ADDRESS, "unit:vinh-phu", "v1", clock.now())
        assert await subscribers.opt_out(connection, ADDRESS, clock.now()) is True
        assert await subscribers.opt_out(connection, ADDRESS, clock.now()) is False
        later = clock.now() + timedelta(days=1)
        await subscribers.opt_in(connection, ADDRESS, None, "v2", later)
        consent = await subscribers.find(connection, ADDRESS)
    assert consent and (consent.in_force, consent.version, consent.given_at, consent.place) == (True, "v2", later, "unit:vinh-phu")


async def test_a_block_is_the_platforms_word_and_leaves_consent_alone(database: Database, clock: ManualClock) -> None:
    async with database.write() as connection:
        await subscribers.opt_in(connection, ADDRESS, None, "v1", clock.now())
        await subscribers.unreachable(connection, ADDRESS, "blocked", clock.now())
        consent = await subscribers.find(connection, ADDRESS)
        why = await connection.scalar(select(Subscriber.unreachable_why))
        await subscribers.reachable(connection, ADDRESS)
        after = await connection.scalar(select(Subscriber.unreachable_why))
    assert consent and consent.in_force and (why, after) == ("blocked", None)


async def test_wiping_leaves_no_row_of_the_resident_in_any_table(database: Database, clock: ManualClock) -> None:
    async with database.write() as connection:
        await subscribers.opt_in(connection, ADDRESS, None, "v1", clock.now())
        await conversations.remember(connection, ADDRESS, ["/menu"], clock.now())
        await inbox.add(connection, [Incoming(ADDRESS, "1", "text", "chào")], clock.now())
        await outbox.put(connection, ADDRESS, Message("tin"), clock.now(), each=9, consent=False)
        personal = [table for table in Base.metadata.sorted_tables if "chat" in table.columns]
        for table in personal:
            assert (await connection.execute(select(table).where(table.c.chat == ADDRESS.chat))).first(), (
                f"{table.name} is not put to the test"
            )
        await subscribers.wipe(connection, ADDRESS)
        for table in personal:
            assert (await connection.execute(select(table).where(table.c.chat == ADDRESS.chat))).first() is None, table.name


async def test_a_server_that_is_away_is_said_without_the_password(tmp_path: Path) -> None:
    database = Database("postgresql://loa:very-secret@127.0.0.1:1/loa")
    with pytest.raises(StoreError) as caught:
        async with database.read():
            pass
    await database.close()
    assert "check LOA_DATABASE_URL" in str(caught.value) and "very-secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "mysql://x/y", "loa.db", "sqlite"])
def test_another_kind_of_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(SettingError, match="LOA_DATABASE_URL"):
        parse_url(url)


async def test_a_process_frozen_in_a_transaction_holds_the_others_up_for_a_while_only(
    postgres: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database._FROZEN", "1s")
    frozen, alive = Database(postgres), Database(postgres)
    await frozen.migrate()
    with pytest.raises(StoreError):
        async with frozen.write() as connection:
            await subscribers.opt_in(connection, ADDRESS, None, "v1", clock.now())
            async with asyncio.timeout(10), alive.write() as other:
                await subscribers.opt_in(other, ADDRESS, None, "v2", clock.now())
    async with alive.read() as connection:
        consent = await subscribers.find(connection, ADDRESS)
    assert consent and consent.version == "v2", "what was under way when it froze is undone"
    await frozen.close()
    await alive.close()
