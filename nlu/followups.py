"""Elliptical questions: "thế mất bao lâu?" names an aspect, and leaves the subject to what was said before.

The component below only recognises them (a message has no memory); the actions resolve them with the topic the
conversation is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.examples import load_yaml
from nlu.paths import ROOT
from vietnamese import fold, normalise

CUES = "cues"
FOLLOW_UP = "follow_up"
_SUBJECTS = ROOT / "nlu" / "subjects.yml"
_CHILD_UNTIL = 14
_ELDERLY_FROM = 70
_LONGEST = 12
_LEVELS = {"level_1", "level_2"}


@dataclass(frozen=True)
class Cues:
    """What a text asks about and for whom. elliptical: it says nothing else, so its subject lies before it."""

    aspects: tuple[str, ...]
    audience: tuple[str, ...]
    elliptical: bool


class Subjects:
    """The parsed `subjects.yml`."""

    def __init__(self, data: dict[str, Any]) -> None:
        # Keyed by folded words; the marked words settle it where the resident typed marks ("cũ" is no "cụ").
        self._phrases: dict[tuple[str, ...], list[tuple[tuple[str, ...], tuple[str, str]]]] = {}
        for kind in ("aspects", "audience"):
            for name, phrases in data[kind].items():
                for phrase in phrases:
                    marked = tuple(normalise(phrase).split())
                    self._phrases.setdefault(tuple(map(fold, marked)), []).append((marked, (kind, name)))
        self._longest = max(map(len, self._phrases))
        fillers = normalise(data["fillers"]).split()
        self._fillers = {*fillers, *map(fold, fillers)}
        self._subjects = data["subjects"]

    @classmethod
    def load(cls, path: Path = _SUBJECTS) -> Subjects:
        return cls(load_yaml(path))

    def cues(self, text: str) -> Cues:
        """The cues in `text`; aspects and audience in order of mention."""
        words = normalise(text).split()
        folded = tuple(map(fold, words))
        named: dict[str, list[str]] = {"aspects": [], "audience": []}
        left, at = 0, 0
        while at < len(words):
            length, found = self._phrase_at(words, folded, at)
            if found:
                kind, name = found
                if name not in named[kind]:
                    named[kind].append(name)
            elif words[at] not in self._fillers and not words[at].isdigit():
                left += 1
            at += length
        # "mức 1 thì sao?" leans on what was asked before; "mức 1 ở đâu?" has a subject of its own.
        subject = named["aspects"] and _LEVELS & set(named["audience"])
        elliptical = not left and not subject and bool(named["aspects"] or named["audience"]) and len(words) <= _LONGEST
        return Cues(tuple(named["aspects"]), tuple(named["audience"]), elliptical)

    def topics(self) -> set[str]:
        """Every topic the subjects name."""
        return {topic for s in self._subjects for value in s.values() for topic in ([value] if isinstance(value, str) else value)}

    def resolve(self, cues: Cues, about: str) -> tuple[str, str | None]:
        """(topic, part) an elliptical question means when the conversation is about the topic `about`."""
        subject = next((s for s in self._subjects if about in s["topics"]), {"topics": [about]})
        for cue in (*cues.aspects, *cues.audience):
            if cue in subject:
                others = [c for c in (*cues.audience, *cues.aspects) if c != cue]
                return subject[cue], others[0] if others else None
        part = (*cues.audience, *cues.aspects)[0]
        # Nobody's own answer: the one being talked about, or the subject's main one, with that paragraph first.
        return (about if cues.audience and not cues.aspects else subject["topics"][0]), part

    def _phrase_at(self, words: list[str], folded: tuple[str, ...], at: int) -> tuple[int, tuple[str, str] | None]:
        for length in range(min(self._longest, len(words) - at), 0, -1):
            for marked, found in self._phrases.get(folded[at : at + length], ()):
                if all(typed == meant or typed.isascii() for typed, meant in zip(words[at : at + length], marked, strict=True)):
                    return length, found
        return 1, None


@lru_cache(maxsize=1)
def the_subjects() -> Subjects:
    """`nlu/subjects.yml`, read once a process."""
    return Subjects.load()


def audience_of_age(years: int) -> str | None:
    """The audience an age in years belongs to, if any."""
    return "child" if years < _CHILD_UNTIL else "elderly" if years >= _ELDERLY_FROM else None


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class FollowUps(GraphComponent, IntentClassifier):
    """Adds `cues` to each message; an elliptical question that is not talk gets the intent follow_up."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> FollowUps:
        return cls(the_subjects())

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            cues = self._subjects.cues(message.get(TEXT) or "")
            message.set(CUES, {"aspects": cues.aspects, "audience": cues.audience}, add_to_output=True)
            if cues.elliptical:
                message.set(INTENT, {**message.get(INTENT), INTENT_NAME_KEY: FOLLOW_UP}, add_to_output=True)
        return messages
