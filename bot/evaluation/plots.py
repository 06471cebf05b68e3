"""The report's figures as SVG elements, to be put into a page. Needs matplotlib, which only development installs."""

import io
from collections import Counter
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from bot.evaluation.measures import FORMAL, Evaluation
from bot.evaluation.questions import OUT_OF_SCOPE

# Told apart by colour-blind readers too.
_GOOD, _BAD, _LINE = "#0072b2", "#d55e00", "#555555"


def confusion_matrix(evaluation: Evaluation) -> str:
    """Asked (rows) against taken for (columns), for topics and out of scope: blue on the diagonal, orange elsewhere."""
    wrong = Counter({(pair.asked, pair.taken): len(pair.texts) for pair in evaluation.confusions})
    asked = Counter(each.question.topic for each in evaluation.outcomes if not each.question.talk)
    names = [*sorted(name for name in asked if name != OUT_OF_SCOPE), OUT_OF_SCOPE]
    place = {name: at for at, name in enumerate(names)}
    right = {
        name: count - sum(wrong[name, taken] for taken in {pair.taken for pair in evaluation.confusions}) for name, count in asked.items()
    }
    side = max(4.0, 2.6 + 0.145 * len(names))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot()
    shown = {pair: count for pair, count in wrong.items() if pair[0] in place and pair[1] in place}
    _squares(axes, [(place[name], place[name], right[name] / count) for name, count in asked.items()], _GOOD)
    _squares(axes, [(place[taken], place[name], count / asked[name]) for (name, taken), count in shown.items()], _BAD)
    for at in range(1, len(names)):
        if names[at].partition("/")[0] != names[at - 1].partition("/")[0]:
            axes.axhline(at - 0.5, color=_LINE, linewidth=0.4)
            axes.axvline(at - 0.5, color=_LINE, linewidth=0.4)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    axes.set_yticks(range(len(names)), names, fontsize=6)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("taken for")
    axes.set_ylabel("asked")
    axes.set_aspect("equal")
    return _svg(figure, "confusion")


def reliability_diagram(evaluation: Evaluation) -> str:
    """Accuracy against confidence, with how many questions lie in each bin."""
    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    above, below = figure.subplots(2, height_ratios=(3, 1), sharex=True)
    filled = [each for each in evaluation.bins if each.count]
    above.plot((0, 1), (0, 1), color=_LINE, linestyle="--", linewidth=1, label="perfectly calibrated")
    above.plot([each.confidence for each in filled], [each.accuracy for each in filled], color=_GOOD, marker="o", label="Loa")
    above.set_ylabel("right")
    above.set_ylim(0, 1.02)
    above.legend(loc="upper left", frameon=False)
    below.bar([(each.low + each.high) / 2 for each in evaluation.bins], [each.count for each in evaluation.bins], width=0.09, color=_GOOD)
    below.set_ylabel("questions")
    below.set_xlabel("confidence")
    below.set_xlim(0, 1)
    return _svg(figure, "reliability")


def register_bars(evaluation: Evaluation) -> str:
    """First choice and among three by register, with the line three points under formal."""
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    axes = figure.add_subplot()
    names = [each.name for each in evaluation.registers]
    _bars(axes, [each.three for each in evaluation.registers], 0.8, "#9ecae1", "among three")
    _bars(axes, [each.first for each in evaluation.registers], 0.5, _GOOD, "first choice")
    for each in evaluation.registers:
        if each.name == FORMAL:
            axes.axhline(each.first - 3, color=_BAD, linestyle="--", linewidth=1, label="3 points under formal")
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("%")
    axes.set_ylim(0, 105)
    figure.legend(loc="outside upper right", ncols=3, fontsize=8, frameon=False)
    return _svg(figure, "registers")


def _squares(axes: Axes, cells: Sequence[tuple[int, int, float]], colour: str) -> None:
    """Squares at (column, row), the fuller the share."""
    drawn = [(x, y, share) for x, y, share in cells if share > 0]
    if drawn:
        x, y, share = zip(*drawn, strict=True)
        axes.scatter(x, y, s=42, marker="s", color=[to_rgba(colour, 0.4 + 0.6 * each) for each in share], linewidths=0)


def _bars(axes: Axes, figures: Sequence[float], width: float, colour: str, label: str) -> None:
    bars = axes.bar(range(len(figures)), figures, width=width, color=colour, label=label)
    axes.bar_label(bars, fmt="%.0f", fontsize=8, padding=1)


def _svg(figure: Figure, name: str) -> str:
    """The figure as an <svg> element: text stays text; the same data gives the same bytes."""
    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "svg.id": name}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawing = out.getvalue()
    return drawing[drawing.index("<svg") :]
