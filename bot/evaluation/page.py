"""The report as one self-contained HTML page."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.evaluation import plots
from bot.evaluation.measures import Evaluation


def write_page(path: Path, evaluation: Evaluation, source: str) -> None:
    """`source`: what was measured on, for the heading."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(evaluation, source), encoding="utf-8")


def page(evaluation: Evaluation, source: str) -> str:
    environment = Environment(
        loader=PackageLoader("bot.evaluation"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    drawings = {
        name: Markup(draw(evaluation))  # our own SVG; the names in it are escaped by matplotlib
        for name, draw in (
            ("confusion", plots.confusion_matrix),
            ("reliability", plots.reliability_diagram),
            ("registers", plots.register_bars),
        )
    }
    return environment.get_template("report.html").render(evaluation=evaluation, source=source, **drawings)
