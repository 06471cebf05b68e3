"""Labelled questions: JSON lines {"text", "topic", "register"} as tests/nlu/README.md describes them."""

import json
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.errors import LoaError

OUT_OF_SCOPE = "oos"
TALK = "talk/"
_FIELDS = {"text", "topic", "register"}
_SHOWN = 10


class QuestionsError(LoaError):
    """The file cannot be measured on; names every bad line as file:line."""


@dataclass(frozen=True)
class Question:
    """`topic`: an FAQ topic "group/name", `oos`, or "talk/<intent>". `register`: how it is typed."""

    text: str
    topic: str
    register: str

    @property
    def in_scope(self) -> bool:
        return not self.out_of_scope and not self.talk

    @property
    def out_of_scope(self) -> bool:
        return self.topic == OUT_OF_SCOPE

    @property
    def talk(self) -> bool:
        return self.topic.startswith(TALK)


def known_labels(topics: Set[str], domain: Path) -> frozenset[str]:
    """Every label a question may have: the topics, `oos`, and talk for each intent of Rasa's domain file."""
    intents = yaml.safe_load(domain.read_text(encoding="utf-8"))["intents"]
    names = [next(iter(intent)) if isinstance(intent, dict) else intent for intent in intents]
    return frozenset(topics) | {OUT_OF_SCOPE} | {TALK + name for name in names}


def load_questions(path: Path, labels: Set[str]) -> list[Question]:
    """The questions in file order; blank lines are passed over. Raises QuestionsError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsError(f"{path}: cannot be read ({error})") from error
    questions, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            questions.append(_question(line, labels))
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
    if problems:
        more = [f"… and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise QuestionsError("\n".join(problems[:_SHOWN] + more))
    if not questions:
        raise QuestionsError(f"{path}: there is no question in it")
    return questions


def _question(line: str, labels: Set[str]) -> Question:
    """Raises ValueError saying what is wrong with the line."""
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg} at column {error.colno})") from None
    if not isinstance(fields, dict) or set(fields) != _FIELDS:
        raise ValueError('expected exactly {"text", "topic", "register"}')
    if not all(isinstance(value, str) and value.strip() for value in fields.values()):
        raise ValueError("text, topic and register must be strings that are not empty")
    if fields["topic"] not in labels:
        raise ValueError(f"unknown topic {fields['topic']!r}: expected an id of content/faq, oos, or talk/<intent of domain.yml>")
    return Question(**fields)
