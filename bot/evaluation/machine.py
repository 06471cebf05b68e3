"""The report as JSON."""

from dataclasses import asdict
from typing import Any

from bot.evaluation.measures import Evaluation


def as_json(evaluation: Evaluation, source: str) -> dict[str, Any]:
    """Shares in percent, ECE and confidences 0..1; `verdict` is "met", "missed" or "—" (no goal, or nothing to measure it on)."""
    return {
        "source": source,
        "questions": len(evaluation.outcomes),
        "measures": {
            measure.name: {
                "figure": measure.figure,
                "of": measure.count,
                "goal": measure.goal,
                "at_least": measure.at_least,
                "verdict": measure.verdict,
                "note": measure.note,
            }
            for measure in evaluation.measures
        },
        "registers": [asdict(each) for each in evaluation.registers],
        "topics": [asdict(each) for each in evaluation.topics],
        "confusions": [asdict(each) for each in evaluation.confusions],
        "reliability": [asdict(each) for each in evaluation.bins],
    }
