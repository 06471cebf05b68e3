"""Conversations, bounded: few events each, no text at rest, forgotten by age and by number.

Rules look at the current turn only, so what a later turn needs is the state (slots, running flow) and the last turn.
Keeping just that makes the thousandth message cost what the first did, and a conversation a few kilobytes.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import redis.asyncio
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

AGE = 60 * 60.0  # seconds; as long as a session in domain.yml
COUNT = 20_000  # conversations in memory, about 4 kB each
_REDIS_TIMEOUT = 2.0


def condense(tracker: DialogueStateTracker) -> list[Event]:
    """Events that rebuild the tracker's state and its last turn, without what the resident typed or what was sent back."""
    events = list(tracker.events)
    last = max((i for i, event in enumerate(events) if isinstance(event, UserUttered)), default=len(events))
    when = events[last].timestamp if last < len(events) else time.time()
    before = DialogueStateTracker.from_events(tracker.sender_id, events[:last], slots=tracker.slots.values()) if last else tracker
    state: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME, timestamp=when), SessionStarted(timestamp=when)]
    state += [SlotSet(name, slot.value, timestamp=when) for name, slot in before.slots.items() if slot.value is not None]
    if before.active_loop:
        state.append(ActiveLoop(before.active_loop.name, timestamp=when))
    state.append(ActionExecuted(ACTION_LISTEN_NAME, timestamp=when))
    return state + [_textless(event) for event in events[last:] if not isinstance(event, BotUttered)]


def _textless(event: Event) -> Event:
    if not isinstance(event, UserUttered):
        return event
    return UserUttered(None, event.intent, timestamp=event.timestamp, input_channel=event.input_channel)


class CondensedTrackerStore(TrackerStore):
    """Common to both stores: condensed events as JSON under the conversation's id."""

    def __init__(self, domain: Domain | None = None, event_broker: EventBroker | None = None) -> None:
        super().__init__(domain, event_broker)

    async def save(self, tracker: DialogueStateTracker) -> None:
        await self._put(tracker.sender_id, json.dumps([event.as_dict() for event in condense(tracker)], ensure_ascii=False))

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        stored = await self._get(sender_id)
        if stored is None:
            return None
        events = [Event.from_parameters(parameters) for parameters in json.loads(stored)]
        return DialogueStateTracker.from_events(sender_id, events, slots=self.domain.slots, domain=self.domain)

    async def _put(self, sender_id: str, state: str) -> None:
        raise NotImplementedError

    async def _get(self, sender_id: str) -> str | None:
        raise NotImplementedError


class MemoryTrackerStore(CondensedTrackerStore):
    """The default. age: seconds a conversation is kept after its last message; count: how many are kept at most."""

    def __init__(
        self,
        domain: Domain | None = None,
        event_broker: EventBroker | None = None,
        age: float = AGE,
        count: int = COUNT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(domain, event_broker)
        self._age, self._count, self._clock = age, count, clock
        # Least recently used first, so both kinds of eviction look at the front only.
        self._states: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def keys(self) -> Iterable[str]:
        return list(self._states)

    async def _put(self, sender_id: str, state: str) -> None:
        now = self._clock()
        self._states[sender_id] = (now, state)
        self._states.move_to_end(sender_id)
        while self._states and (len(self._states) > self._count or next(iter(self._states.values()))[0] < now - self._age):
            self._states.popitem(last=False)

    async def _get(self, sender_id: str) -> str | None:
        then, state = self._states.get(sender_id, (0.0, None))
        return state if state is not None and then >= self._clock() - self._age else None


class RedisTrackerStore(CondensedTrackerStore):
    """For several Rasa processes: conversations in Redis, which forgets them by age."""

    _PREFIX = "loa:tracker:"

    def __init__(self, url: str, domain: Domain | None = None, event_broker: EventBroker | None = None, age: float = AGE) -> None:
        super().__init__(domain, event_broker)
        self._age = int(age)
        self._redis = redis.asyncio.from_url(
            url, socket_timeout=_REDIS_TIMEOUT, socket_connect_timeout=_REDIS_TIMEOUT, decode_responses=True
        )

    async def _put(self, sender_id: str, state: str) -> None:
        await self._redis.set(self._PREFIX + sender_id, state, ex=self._age)

    async def _get(self, sender_id: str) -> str | None:
        return await self._redis.get(self._PREFIX + sender_id)


def tracker_store(environment: dict[str, Any]) -> CondensedTrackerStore:
    """The store the environment asks for: Redis when LOA_REDIS_URL is set, else memory."""
    url = environment.get("LOA_REDIS_URL")
    return RedisTrackerStore(url) if url else MemoryTrackerStore()
