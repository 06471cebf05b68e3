"""Goals of a benchmark: met or missed, with the figure, on the one line that ends it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """`figure` against `bound`, both in `unit`. A figure that is None was not measured and misses its goal."""

    name: str
    figure: float | None
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.figure is None:
            return False
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    def __str__(self) -> str:
        figure = "not measured" if self.figure is None else f"{self.figure:.4g}{self._unit}"
        sign = "≥" if self.at_least else "≤"
        return f"{self.name} {figure} ({sign} {self.bound:g}{self._unit}) {'met' if self.met else 'MISSED'}"

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""


def conclude(goals: Sequence[Goal]) -> int:
    """Prints the closing line; returns the exit code: 1 when a goal is missed."""
    print("goals: " + "; ".join(map(str, goals)), flush=True)
    return 0 if all(goal.met for goal in goals) else 1
