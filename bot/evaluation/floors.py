"""Floors: figures below which CI stops. For measures where less is better, a floor is the most allowed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.errors import LoaError
from bot.evaluation.measures import Measure


class FloorError(LoaError):
    """A floor is not NAME=NUMBER, or names no measure."""


@dataclass(frozen=True)
class Floor:
    name: str
    bound: float


def parse_floor(text: str) -> Floor:
    """`first_choice=93`, in the measure's own unit. Raises FloorError."""
    name, _, bound = text.partition("=")
    try:
        return Floor(name, float(bound))
    except ValueError:
        raise FloorError(f"--floor {text}: expected NAME=NUMBER, e.g. first_choice=93") from None


def below(floors: Iterable[Floor], measures: Sequence[Measure]) -> list[str]:
    """A sentence for each floor that is not reached. Raises FloorError for an unknown name."""
    named = {measure.name: measure for measure in measures}
    missed = []
    for floor in floors:
        if floor.name not in named:
            raise FloorError(f"--floor {floor.name}: there is no such measure; there are: {', '.join(named)}")
        measure = named[floor.name]
        if not measure.reaches(floor.bound):
            missed.append(f"{measure.name} is {measure.shown}, the floor is {floor.bound:g}")
    return missed
