"""Outcomes made by hand."""

from collections.abc import Callable, Sequence

import pytest

from bot.evaluation.outcomes import Outcome, outcome
from bot.evaluation.questions import Question

Make = Callable[..., Outcome]


@pytest.fixture
def made() -> Make:
    """make(asked, ranking, decision, …): a question about `asked` and what `loa parse` would have said of it."""

    def make(
        asked: str,
        ranking: Sequence[str] = (),
        decision: str = "answer",
        *,
        register: str = "formal",
        confidence: float = 0.9,
        intent: str = "faq",
        text: str = "câu hỏi",
    ) -> Outcome:
        topic = next((label for label in ranking if not label.startswith("talk/")), None) if decision == "answer" else None
        parsed = {
            "text": text,
            "decision": decision,
            "topic": topic,
            "confidence": confidence,
            "intent": intent,
            "entities": [],
            "ranking": [{"topic": label, "confidence": 0.1} for label in ranking],
        }
        return outcome(Question(text, asked, register), parsed)

    return make
