"""Rasa's input channel `loa`: one HTTP call a turn, acts back (docs/reference/acts.md). Never logs what residents say."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, NamedTuple

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from nlu import payloads
from nlu.decision import ANSWER, CLARIFY, REFUSE, TALK
from nlu.examples import load_topics

_LONGEST_SENDER = 128
_LONGEST_TEXT = 4000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class BadTurn(ValueError):
    """The request is not a turn; the message says what is wrong with it."""


class Turn(NamedTuple):
    """One checked request."""

    sender: str
    text: str
    today: str


class ActsChannel(CollectingOutputChannel):
    """Collects the acts the actions utter."""

    @classmethod
    def name(cls) -> str:
        return "loa"

    @property
    def acts(self) -> list[dict[str, Any]]:
        return [message["custom"] for message in self.messages if "custom" in message]


class LoaInput(InputChannel):
    """POST webhook takes a turn; GET health says whether a model is loaded."""

    @classmethod
    def name(cls) -> str:
        return "loa"

    def __init__(self) -> None:
        self._topics = frozenset(topic["id"] for topic in load_topics())

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        loa = Blueprint("loa_webhook")

        @loa.route("/health", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            ready = bool(agent and agent.is_ready())
            return response.json({"ready": ready, "model": agent.model_name if ready else None}, status=200 if ready else 503)

        @loa.route("/webhook", methods=["POST"])
        async def webhook(request: Request) -> HTTPResponse:
            try:
                turn = checked(request.body)
            except BadTurn as error:
                return response.json({"error": str(error)}, status=400)
            return response.json(await self._take(turn, request.app.ctx.agent, on_new_message), dumps=_dumps)

        return loa

    async def _take(self, turn: Turn, agent: Any, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> dict[str, Any]:
        metadata = {"today": turn.today}
        parsed = payloads.parse(turn.text, self._topics)
        if parsed is None:
            # What only looks like a payload is read as plain words; Rasa itself gives a leading slash a meaning.
            text = turn.text.lstrip("/ \n")
            parsed = await agent.processor.parse_message(UserMessage(text, sender_id=turn.sender, metadata=metadata))
        collected = ActsChannel()
        await on_new_message(
            UserMessage(parsed["text"], collected, turn.sender, input_channel=self.name(), parse_data=parsed, metadata=metadata)
        )
        return {"acts": collected.acts, "understood": understood(parsed, collected.acts)}


def checked(body: bytes) -> Turn:
    """The turn in a request's body. Raises BadTurn for anything docs/reference/acts.md does not allow."""
    try:
        fields = json.loads(body)
    except ValueError:
        raise BadTurn("The body is not JSON.") from None
    if not isinstance(fields, dict) or set(fields) != {"sender", "text", "today"}:
        raise BadTurn("A turn has sender, text and today, and nothing else.")
    if not all(isinstance(value, str) for value in fields.values()):
        raise BadTurn("sender, text and today are strings.")
    if not 0 < len(fields["sender"]) <= _LONGEST_SENDER:
        raise BadTurn(f"sender has 1 to {_LONGEST_SENDER} characters.")
    if not fields["text"].strip() or len(fields["text"]) > _LONGEST_TEXT:
        raise BadTurn(f"text has 1 to {_LONGEST_TEXT} characters.")
    if not _is_date(fields["today"]):
        raise BadTurn("today is a date, YYYY-MM-DD.")
    return Turn(**fields)


def _is_date(value: str) -> bool:
    try:
        return bool(_DATE.fullmatch(value) and date.fromisoformat(value))
    except ValueError:
        return False


def understood(parsed: dict[str, Any], acts: list[dict[str, Any]]) -> dict[str, Any]:
    """What the turn was understood as: the classifier's view, and where the conversation settled it, the act's."""
    seen, topic = parsed.get("understood") or {}, None
    kinds = [act["act"] for act in acts]
    if "answer" in kinds:
        decision, topic = ANSWER, acts[kinds.index("answer")]["topic"]
    elif "clarify" in kinds:
        decision = CLARIFY
    elif "out_of_scope" in kinds:
        decision = REFUSE
    else:
        decision = TALK
    intent = "faq" if decision == ANSWER else parsed["intent"]["name"]
    return {
        "decision": decision,
        "topic": topic,
        "intent": intent,
        "confidence": seen.get("confidence", parsed["intent"].get("confidence", 0.0)),
        "ranking": seen.get("ranking", []),
        "entities": [{key: entity[key] for key in ("entity", "value", "start", "end")} for entity in parsed.get("entities") or []],
    }


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
