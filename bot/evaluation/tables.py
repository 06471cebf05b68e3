"""The report in the terminal."""

from collections.abc import Iterator

from rich.console import Console, ConsoleRenderable, Group
from rich.table import Table
from rich.text import Text

from bot.evaluation.measures import NOTHING, Evaluation, Slice

_TOPICS = 15
_PAIRS = 15
_EXAMPLES = 2
_STYLES = {"met": "green", "missed": "bold red", NOTHING: "dim"}


def show(console: Console, evaluation: Evaluation) -> None:
    for part in _parts(evaluation):
        console.print(part)
        console.print()


def _parts(evaluation: Evaluation) -> Iterator[ConsoleRenderable]:
    yield _measures(evaluation)
    yield Text("In scope: first choice, among three, wrongly refused, answers right")
    yield _slices("By register", "register", evaluation.registers)
    worst = [topic for topic in evaluation.topics if topic.first < 100]
    yield _slices(f"By topic, worst first ({len(worst)} of {len(evaluation.topics)} not perfect)", "topic", tuple(worst[:_TOPICS]))
    yield _confusions(evaluation)
    yield _reliability(evaluation)


def _measures(evaluation: Evaluation) -> Table:
    table = Table(title=f"{len(evaluation.outcomes)} questions", title_justify="left")
    table.add_column("measure")
    for name in ("of", "goal", "figure"):
        table.add_column(name, justify="right")
    table.add_column("")
    for measure in evaluation.measures:
        title = f"{measure.title} ({measure.note})" if measure.note else measure.title
        table.add_row(title, str(measure.count), measure.goal_shown, measure.shown, Text(measure.verdict, style=_STYLES[measure.verdict]))
    return table


def _slices(title: str, name: str, slices: tuple[Slice, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(name, no_wrap=True)
    for column in ("of", "first %", "three %", "refused %", "right %"):
        table.add_column(column, justify="right")
    for each in slices:
        right = NOTHING if each.answers_right is None else f"{each.answers_right:.1f}"
        table.add_row(each.name, str(each.count), f"{each.first:.1f}", f"{each.three:.1f}", f"{each.refused:.1f}", right)
    return table


def _confusions(evaluation: Evaluation) -> ConsoleRenderable:
    lines = [Text("Confused most often")]
    for pair in evaluation.confusions[:_PAIRS]:
        lines.append(Text(f"  {len(pair.texts)} × {pair.asked} taken for {pair.taken}", style="bold"))
        lines += [Text(f"      {text}", style="dim", overflow="ellipsis", no_wrap=True) for text in pair.texts[:_EXAMPLES]]
    return Group(*lines)


def _reliability(evaluation: Evaluation) -> Table:
    table = Table(title="Reliability: how often a confidence is right", title_justify="left")
    for column in ("confidence", "questions", "mean confidence", "right"):
        table.add_column(column, justify="right")
    for each in evaluation.bins:
        if each.count:
            table.add_row(f"{each.low:.1f} – {each.high:.1f}", str(each.count), f"{each.confidence:.2f}", f"{each.accuracy:.2f}")
    return table
