"""One question over the web, from the page's JavaScript, its plain form or another program: the same rules for all."""

import asyncio
import math
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from weakref import WeakValueDictionary

import structlog

from bot.channels.web import WebChannel
from bot.errors import StoreError
from bot.messages import Address, Incoming, Message
from bot.services.turn import LONGEST, Turns
from bot.web.problems import BAD_REQUEST, Refused
from bot.web.rate import RateLimit
from bot.web.replies import Reply, as_reply

log = structlog.get_logger()

SESSION = r"[A-Za-z0-9_-]{32}"
TURN_SECONDS = 20.0  # Rasa's own budget is shorter; this ends a turn whose database hangs
REMEMBERED = 2_000  # sessions whose last replies can be asked for again
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # never typed, and PostgreSQL refuses the first of them


@dataclass(frozen=True)
class Question:
    """`id` names the attempt: sent again after a lost reply, it gets that reply and is not handled twice."""

    kind: Literal["text", "payload"]
    text: str
    session: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Said:
    session: str
    replies: list[Reply]


class Chat:
    """Asks in order within a session; sessions side by side."""

    def __init__(self, turns: Turns, channel: WebChannel, rate: RateLimit):
        self._turns, self._channel, self._rate = turns, channel, rate
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._last: OrderedDict[str, tuple[str, list[Reply]]] = OrderedDict()

    async def ask(self, client: str, question: Question) -> Said:
        """Raises Refused, with a sentence for the resident."""
        if seconds := self._rate.wait(client):
            raise Refused(429, "too_many", self.say("busy"), retry_after=math.ceil(seconds))
        text = _CONTROL.sub("", question.text).strip()
        if not text:
            raise Refused(422, "empty", "Bà con chưa gõ câu hỏi.")
        if len(text) > LONGEST:
            raise Refused(422, "too_long", self.say("too_long"))
        session = question.session or secrets.token_urlsafe(24)
        if not re.fullmatch(SESSION, session):
            raise Refused(422, "bad_session", BAD_REQUEST)
        attempt = question.id or secrets.token_urlsafe(12)
        lock = self._locks.setdefault(session, asyncio.Lock())
        async with lock:
            seen, replies = self._last.get(session, ("", []))
            if seen != attempt:
                replies = await self._answer(Incoming(Address("web", session), attempt, question.kind, text))
                self._remember(session, attempt, replies)
        return Said(session, replies)

    async def _answer(self, incoming: Incoming) -> list[Reply]:
        try:
            async with asyncio.timeout(TURN_SECONDS):
                turned = await self._turns.take(incoming, self._channel.limits)
        except (StoreError, TimeoutError) as error:
            log.error("web.unavailable", error=type(error).__name__)
            raise Refused(503, "unavailable", self.say("error"), retry_after=10) from None
        except Exception as error:
            # Not logged with its text: a driver's message may quote what the resident wrote.
            log.error("web.failed", error=type(error).__name__)
            raise Refused(500, "failed", self.say("error")) from None
        return self.replies(turned.messages)

    def replies(self, messages: Iterable[Message]) -> list[Reply]:
        root = self._turns.library().media
        return [as_reply(message, self._channel.limits, root) for message in messages]

    def say(self, key: str) -> str:
        return self._turns.library().talk.say(key)

    def _remember(self, session: str, attempt: str, replies: list[Reply]) -> None:
        self._last[session] = (attempt, replies)
        self._last.move_to_end(session)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
