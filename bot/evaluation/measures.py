"""The measures Loa is judged by, with their goals, overall and by register, topic and confusion."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from bot.evaluation.outcomes import Outcome, percent
from bot.evaluation.reliability import Bin, calibration_error, reliability

FORMAL = "formal"
NOTHING = "—"


@dataclass(frozen=True)
class Measure:
    """`name`: for --floor and machines. `figure`: None when the set holds nothing to measure it on. `count`: of how many questions."""

    name: str
    title: str
    figure: float | None
    count: int
    goal: float | None
    at_least: bool = True
    unit: str = "%"
    note: str = ""

    def reaches(self, bound: float) -> bool:
        """An unmeasured figure reaches nothing."""
        if self.figure is None:
            return False
        return self.figure >= bound if self.at_least else self.figure <= bound

    @property
    def met(self) -> bool | None:
        """None when there is no goal or no figure."""
        return None if self.goal is None or self.figure is None else self.reaches(self.goal)

    @property
    def verdict(self) -> str:
        return NOTHING if self.met is None else "met" if self.met else "missed"

    @property
    def shown(self) -> str:
        return NOTHING if self.figure is None else _with_unit(self.figure, self.unit)

    @property
    def goal_shown(self) -> str:
        return NOTHING if self.goal is None else f"{'≥' if self.at_least else '≤'} {_with_unit(self.goal, self.unit, whole=True)}"


@dataclass(frozen=True)
class Slice:
    """In-scope questions of one register or topic; shares in percent."""

    name: str
    count: int
    first: float
    three: float
    refused: float
    answers_right: float | None


@dataclass(frozen=True)
class Confusion:
    """Questions about `asked` that were taken for `taken`; both may be "oos" or talk."""

    asked: str
    taken: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """Everything the reports show. `topics` and `confusions`: worst first; `registers`: formal first."""

    outcomes: tuple[Outcome, ...]
    measures: tuple[Measure, ...]
    registers: tuple[Slice, ...]
    topics: tuple[Slice, ...]
    confusions: tuple[Confusion, ...]
    bins: tuple[Bin, ...]

    def measure(self, name: str) -> Measure:
        return next(measure for measure in self.measures if measure.name == name)


def evaluate(outcomes: Iterable[Outcome]) -> Evaluation:
    every = tuple(outcomes)
    asked = [each for each in every if each.question.in_scope]
    registers = _slices(asked, lambda each: each.question.register)
    registers.sort(key=lambda each: (each.name != FORMAL, -each.first, each.name))
    topics = sorted(_slices(asked, lambda each: each.question.topic), key=lambda each: (each.first, each.three, each.name))
    bins = tuple(reliability([(each.confidence, each.confidence_right) for each in every]))
    return Evaluation(every, _measures(every, registers, bins), tuple(registers), tuple(topics), tuple(confusions(every)), bins)


def _measures(every: Sequence[Outcome], registers: Sequence[Slice], bins: Sequence[Bin]) -> tuple[Measure, ...]:
    asked = [each for each in every if each.question.in_scope]
    foreign = [each for each in every if each.question.out_of_scope]
    talk = [each for each in every if each.question.talk]
    # Whatever is answered to an out-of-scope question is a wrong answer too. Talk is reported apart.
    given = [each for each in asked + foreign if each.answered]
    gap, worst = _gap(registers)
    return (
        Measure("first_choice", "topic right, first choice", percent(asked, "first_right"), len(asked), 93),
        Measure("among_three", "right topic among the three offered", percent(asked, "among_three"), len(asked), 98),
        Measure("register_gap", "worst register, points under formal", gap, len(asked), 3, at_least=False, unit="points", note=worst),
        Measure("out_of_scope", "out of scope refused or asked back", percent(foreign, "refused"), len(foreign), 90),
        Measure("wrongly_refused", "in scope, wrongly refused", percent(asked, "wrongly_refused"), len(asked), 2, at_least=False),
        Measure("answers_right", "answers given without asking back, right", percent(given, "answered_right"), len(given), 97),
        Measure("ece", "calibration error of the confidence (ECE)", calibration_error(bins), len(every), 0.05, at_least=False, unit=""),
        Measure("answered", "in scope, answered without asking back", percent(asked, "answered"), len(asked), None),
        Measure("talk", "talk understood", percent(talk, "talk_right"), len(talk), None),
    )


def _gap(registers: Sequence[Slice]) -> tuple[float | None, str]:
    """How far the worst register's first choice lies under the formal one's, in points (0 at least), and its name."""
    formal = next((each for each in registers if each.name == FORMAL), None)
    others = [each for each in registers if each.name != FORMAL]
    if formal is None or not others:
        return None, ""
    worst = min(others, key=lambda each: each.first)
    return max(0.0, formal.first - worst.first), worst.name


def _slices(asked: Sequence[Outcome], key: Callable[[Outcome], str]) -> list[Slice]:
    return [
        Slice(
            name,
            len(part),
            percent(part, "first_right") or 0.0,
            percent(part, "among_three") or 0.0,
            percent(part, "wrongly_refused") or 0.0,
            percent([each for each in part if each.answered], "answered_right"),
        )
        for name, part in _grouped(asked, key).items()
    ]


def confusions(outcomes: Iterable[Outcome]) -> list[Confusion]:
    """Pairs (asked, taken for), most frequent first: a wrong first choice in scope, an answer out of scope, talk missed."""
    wrong = [(each, taken) for each in outcomes if (taken := _taken_for(each)) != each.question.topic]
    pairs = _grouped(wrong, lambda pair: (pair[0].question.topic, pair[1]))
    found = [Confusion(asked, taken, tuple(each.question.text for each, _ in part)) for (asked, taken), part in pairs.items()]
    return sorted(found, key=lambda pair: (-len(pair.texts), pair.asked, pair.taken))


def _taken_for(outcome: Outcome) -> str:
    """The label that speaks for the outcome; the right one when the outcome counts as right."""
    question = outcome.question
    if question.out_of_scope:
        return question.topic if outcome.refused else str(outcome.topic)
    if question.talk:
        return question.topic if outcome.talk_right else outcome.understood_as
    return outcome.first or outcome.understood_as


def _grouped[T, K: Hashable](items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def _with_unit(figure: float, unit: str, whole: bool = False) -> str:
    """A figure to one decimal (a bare number to three); a goal as it was set."""
    number = f"{figure:g}" if whole else f"{figure:.1f}" if unit else f"{figure:.3f}"
    return f"{number} {unit}".strip()
