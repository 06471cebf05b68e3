"""Verbs that run Rasa's side in its own environment: train, parse, evaluate."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import track

from bot.settings import ROOT, load
from bot.understanding.supervisor import nlu_environment, nlu_python

if TYPE_CHECKING:
    from bot.evaluation.measures import Evaluation


def run_nlu(module: str, *arguments: str) -> int:
    """Run a module of `nlu/` with our terminal; returns its exit code."""
    command = [str(nlu_python()), "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, env=nlu_environment(load().content_dir), check=False).returncode


@click.command(help="Train the model from content/ and nlu/ if anything it learns from has changed.")
@click.option("--force", is_flag=True, help="Train even if the newest model is up to date.")
def train(force: bool) -> None:
    sys.exit(run_nlu("nlu.train", *(["--force"] if force else [])))


@click.command(
    help="Read questions, one a line, from stdin; write one JSON object a line: text, decision, topic, confidence, ranking, intent, entities."
)
def parse() -> None:
    if code := run_nlu("nlu.train", "--quiet"):
        sys.exit(code)
    sys.exit(run_nlu("nlu.parse"))


@click.command(
    help="Measure how well questions are understood. FILE has lines {text, topic, register}; topic may be oos or talk/<intent>. "
    "Shows each goal as met or missed, by register and topic, what is confused and how reliable the confidence is."
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=ROOT / "tests" / "nlu" / "test.jsonl")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the page with plots. [default: state/evaluation.html]"
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout instead of tables.")
@click.option("--floor", "floors", multiple=True, metavar="NAME=VALUE", help="Exit 1 when this measure does not reach VALUE; repeatable.")
def evaluate(file: Path, html: Path | None, as_json: bool, floors: tuple[str, ...]) -> None:
    from bot.evaluation import machine, page, tables
    from bot.evaluation.floors import below, parse_floor

    bounds = [parse_floor(floor) for floor in floors]
    evaluation = _evaluation(file)
    missed = below(bounds, evaluation.measures)
    html = html or load().state_dir / "evaluation.html"
    page.write_page(html, evaluation, file.name)
    if as_json:
        click.echo(json.dumps(machine.as_json(evaluation, str(file)), ensure_ascii=False))
    else:
        tables.show(Console(), evaluation)
    click.echo(f"plots: {html}", err=True)
    for line in missed:
        click.echo(f"floor not reached: {line}", err=True)
    sys.exit(1 if missed else 0)


def _evaluation(file: Path) -> "Evaluation":
    """The file's questions through the newest model, scored; progress on stderr."""
    from bot.content.library import load as load_content
    from bot.evaluation.measures import evaluate as score
    from bot.evaluation.outcomes import outcome
    from bot.evaluation.parsing import parse as parse_all
    from bot.evaluation.questions import known_labels, load_questions

    content = load().content_dir
    labels = known_labels(load_content(content).topics.keys(), ROOT / "domain.yml")
    questions = load_questions(file, labels)
    if code := run_nlu("nlu.train", "--quiet"):
        sys.exit(code)
    console = Console(stderr=True)
    parsing = parse_all([each.text for each in questions], content=content)
    parsed = track(parsing, "understanding (the model loads first)", len(questions), console=console)
    return score([outcome(question, each) for each, question in zip(parsed, questions, strict=True)])
