"""Whether a confidence of 0.8 is right eight times in ten."""

from collections.abc import Sequence
from dataclasses import dataclass

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Confidences from `low` to `high`. `confidence`, `accuracy`: means of those in it, 0 when `count` is 0."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(pairs: Sequence[tuple[float, bool]], bins: int = BINS) -> list[Bin]:
    """Equally wide bins over 0..1 of (confidence, right). A confidence of exactly 1 is in the last."""
    parts: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in pairs:
        parts[min(int(confidence * bins), bins - 1)].append((confidence, right))
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(part),
            sum(confidence for confidence, _ in part) / len(part) if part else 0.0,
            sum(right for _, right in part) / len(part) if part else 0.0,
        )
        for number, part in enumerate(parts)
    ]


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Expected calibration error: the mean distance of confidence and accuracy, weighted by count. None of nothing."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins) / total if total else None
