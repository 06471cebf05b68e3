"""The decision of a contender that has none of its own: stock Rasa's fallback rule."""

from __future__ import annotations

from typing import Any

from nlu.examples import OUT_OF_SCOPE

# Defaults of the FallbackClassifier in the configuration `rasa init` writes.
THRESHOLD = 0.3
AMBIGUITY = 0.1
_RANKED = 5


def decided(text: str, scores: list[tuple[str, float]]) -> dict[str, Any]:
    """A line as `loa parse` writes it. `scores`: labels and shares, best first; unsure or ambiguous asks back."""
    (first, confidence), second = scores[0], scores[1][1] if len(scores) > 1 else 0.0
    if confidence < THRESHOLD or confidence - second < AMBIGUITY:
        decision = "clarify"
    elif first == OUT_OF_SCOPE:
        decision = "out_of_scope"
    else:
        decision = "talk" if first.startswith("talk/") else "answer"
    return {
        "text": text,
        "decision": decision,
        "topic": first if decision == "answer" else None,
        "confidence": confidence,
        "ranking": [{"topic": label, "confidence": share} for label, share in scores if label != OUT_OF_SCOPE][:_RANKED],
        "intent": first.partition("/")[2] if decision == "talk" else decision,
        "entities": [],
    }
