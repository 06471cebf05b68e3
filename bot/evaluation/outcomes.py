"""One question beside what Loa made of it, and whether that was right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.evaluation.questions import OUT_OF_SCOPE, TALK, Question

OFFERED = 3


@dataclass(frozen=True)
class Outcome:
    """`topic`: what was answered, None unless `decision` is "answer". `ranking`: labels best first, talk as "talk/<intent>"."""

    question: Question
    decision: str
    topic: str | None
    confidence: float
    ranking: tuple[str, ...]
    intent: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The FAQ topics of the ranking, best first."""
        return tuple(label for label in self.ranking if not label.startswith(TALK))

    @property
    def first(self) -> str | None:
        return self.choices[0] if self.choices else None

    @property
    def first_right(self) -> bool:
        return self.first == self.question.topic

    @property
    def among_three(self) -> bool:
        return self.question.topic in self.choices[:OFFERED]

    @property
    def answered(self) -> bool:
        return self.decision == "answer"

    @property
    def answered_right(self) -> bool:
        return self.answered and self.topic == self.question.topic

    @property
    def wrongly_refused(self) -> bool:
        """An in-scope question that got neither an answer nor an offer with the right topic in it."""
        if self.decision == "clarify":
            return not self.among_three
        return not self.answered

    @property
    def refused(self) -> bool:
        """An out-of-scope line is right whenever nothing is answered: refused, asked back or taken as talk."""
        return not self.answered

    @property
    def talk_right(self) -> bool:
        return self.decision == "talk" and TALK + self.intent == self.question.topic

    @property
    def understood_as(self) -> str:
        """The label the confidence speaks of: out of scope where it was refused, else the first of the ranking."""
        if self.decision == "out_of_scope" or not self.ranking:
            return OUT_OF_SCOPE
        return self.ranking[0]

    @property
    def confidence_right(self) -> bool:
        return self.understood_as == self.question.topic


def outcome(question: Question, parsed: dict[str, Any]) -> Outcome:
    """`parsed`: one line of `loa parse`."""
    return Outcome(
        question,
        parsed["decision"],
        parsed["topic"],
        float(parsed["confidence"]),
        tuple(choice["topic"] for choice in parsed["ranking"]),
        parsed["intent"],
    )


def percent(outcomes: Sequence[Outcome], right: str) -> float | None:
    """How many of them have the property named `right`, in percent; None of no outcomes."""
    return 100 * sum(bool(getattr(each, right)) for each in outcomes) / len(outcomes) if outcomes else None
