"""Payloads: what a pressed button sends, understood exactly and without the classifier."""

import re
from collections.abc import Collection
from typing import Any

from nlu.entities import the_places

_SHAPE = re.compile(r"/([a-z]+)(?: (\S+))?")
_TOPIC_ID = re.compile(r"[a-z0-9_]+/[a-z0-9_]+")
_LONGEST = 64  # bytes, as Telegram allows
_PLAIN = {
    "menu": "menu", "none": "none_of_these", "yes": "affirm", "no": "deny", "show": "show", "delete": "delete", "subscribe": "subscribe",
    "unsubscribe": "unsubscribe", "mydata": "my_data", "checklist": "checklist", "where": "where", "scam": "scam_check",
    "help": "capabilities", "handoff": "handoff", "cancel": "cancel",
}  # fmt: skip


def parse(text: str, topics: Collection[str]) -> "dict[str, Any] | None":
    """Rasa parse data for a payload, or None when `text` is not a payload of ours.

    topics: the topic ids that may be asked for.
    """
    match = _SHAPE.fullmatch(text.strip())
    if not match or len(text.encode()) > _LONGEST:
        return None
    name, argument = match.groups()
    if name in _PLAIN and argument is None:
        return _parsed(text, _PLAIN[name])
    if name == "menu" and argument in {topic.partition("/")[0] for topic in topics}:
        return _parsed(text, "menu", group=argument)
    if name == "topic" and argument in topics:
        return _parsed(text, "faq", topics=[argument])
    if name in ("good", "bad") and argument and _TOPIC_ID.fullmatch(argument):
        return _parsed(text, f"feedback_{name}", topic=argument)
    if name == "place":
        slug = argument if argument in the_places() else f"district:{argument}"
        return _parsed(text, "inform", place=slug) if slug in the_places() else None
    return None


def _parsed(text: str, intent: str, topics: list | None = None, **entities: str) -> "dict[str, Any]":
    understood: dict[str, Any] = {"decision": "answer" if topics else "talk", "topics": topics or [], "confidence": 1.0}
    understood["ranking"] = [{"topic": topic, "confidence": 1.0} for topic in topics or []]
    found = [{"entity": kind, "value": value, "start": 0, "end": len(text)} for kind, value in entities.items()]
    return {"text": text, "intent": {"name": intent, "confidence": 1.0}, "entities": found, "understood": understood}
