"""`./loa bench nlu`: our understanding beside parts of it and beside other ways, trained and measured in one run."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.progress import track

from bench.goals import Goal, conclude
from bench.kit.load import percentile
from bench.kit.tables import Table, machine, write_section
from bot.content.library import load as load_content
from bot.evaluation.measures import NOTHING, Evaluation, evaluate
from bot.evaluation.outcomes import outcome
from bot.evaluation.parsing import parse
from bot.evaluation.questions import Question, known_labels, load_questions
from bot.settings import ROOT
from bot.understanding.supervisor import nlu_environment, nlu_python

TITLES = {
    "ours": "ours",
    "ours-embeddings": "ours with sentence embeddings",
    "ours-no-normaliser": "ours without the normaliser",
    "ours-no-copies": "ours without misspelt copies",
    "plain": "TF-IDF + logistic regression",
    "stock": "stock Rasa (DIET)",
}
PEERS = ("stock",)
EPOCHS = 100  # what `rasa init` writes
GOALS = ("first_choice", "among_three", "register_gap", "out_of_scope", "wrongly_refused", "answers_right", "ece")
console = Console(stderr=True)


@dataclass(frozen=True)
class Result:
    """`milliseconds`: of each question by itself. `megabytes`: resident after the last. `seconds`: the whole training command."""

    name: str
    evaluation: Evaluation
    milliseconds: tuple[float, ...]
    megabytes: float
    seconds: float


@click.command(help=__doc__)
@click.option(
    "--set",
    "which",
    type=click.Choice(["dev", "dev2", "dev3", "test"]),
    default="dev",
    show_default=True,
    help="Measure on tests/nlu/<set>.jsonl.",
)
@click.option("--only", type=click.Choice(list(TITLES)), multiple=True, help="Only these; ours always.")
@click.option("--peers", is_flag=True, help="Also stock Rasa's DIET: hours of training.")
@click.option("--epochs", default=EPOCHS, show_default=True, help="Of DIET's training: fewer take less long and may understand less.")
@click.option("--write", is_flag=True, help="Write the tables into docs/benchmarks.md.")
def main(which: str, only: tuple[str, ...], peers: bool, epochs: int, write: bool) -> None:
    labels = known_labels(load_content(ROOT / "content").topics.keys(), ROOT / "domain.yml")
    questions = load_questions(ROOT / "tests" / "nlu" / f"{which}.jsonl", labels)
    names = [name for name in TITLES if (name in ("ours", *only) if only else peers or name not in PEERS)]
    results = [measure(name, questions, epochs) for name in names]
    tables = (accuracy(results), registers(results), cost(results))
    for table in tables:
        table.show(Console())
    if write:
        fewer = f" DIET learned for {epochs} epochs." if "stock" in names and epochs != EPOCHS else ""
        write_section("nlu", tables, f"{machine()} {len(questions)} questions of `tests/nlu/{which}.jsonl`.{fewer}")
    sys.exit(conclude(goals(results[0].evaluation)))


def measure(name: str, questions: Sequence[Question], epochs: int) -> Result:
    """Trains and measures one contender in processes of its own."""
    with tempfile.TemporaryDirectory(prefix="loa-bench-") as folder:
        console.print(f"training: {TITLES[name]}")
        started = time.monotonic()
        train(name, folder, epochs)
        seconds = time.monotonic() - started
        lines = parse([question.text for question in questions], ("bench.contenders", "parse", name, folder))
        parsed = list(track(lines, f"measuring: {TITLES[name]}", len(questions), console=console))
    outcomes = [outcome(question, each) for question, each in zip(questions, parsed, strict=True)]
    return Result(name, evaluate(outcomes), tuple(each["ms"] for each in parsed), parsed[-1]["mb"], seconds)


def train(name: str, folder: str, epochs: int) -> None:
    """Raises ClickException when the contender cannot be trained."""
    command = [str(nlu_python()), "-m", "bench.contenders", "train", name, folder, str(epochs)]
    if subprocess.run(command, cwd=ROOT, env=nlu_environment(), stdout=sys.stderr, check=False).returncode:
        raise click.ClickException(f"{TITLES.get(name, name)} could not be trained; see above")


def accuracy(results: Sequence[Result]) -> Table:
    names = [*GOALS, "talk"]
    heads = ("first %", "three %", "gap", "oos %", "lost %", "sure %", "ECE", "talk %")
    rows = [(TITLES[result.name], *(_figure(result.evaluation.measure(name).figure, name) for name in names)) for result in results]
    return Table("Understanding", ("", *heads), tuple(rows))


def registers(results: Sequence[Result]) -> Table:
    names = [register.name for register in results[0].evaluation.registers]
    rows = []
    for result in results:
        first = {register.name: register.first for register in result.evaluation.registers}
        rows.append((TITLES[result.name], *(f"{first[name]:.1f}" for name in names)))
    return Table("First choice by register, %", ("", *names), tuple(rows))


def cost(results: Sequence[Result]) -> Table:
    rows = [
        (
            TITLES[result.name], f"{percentile(result.milliseconds, 0.5):.1f}", f"{percentile(result.milliseconds, 0.99):.1f}",
            f"{result.megabytes:.0f}", f"{result.seconds:.0f}",
        )
        for result in results
    ]  # fmt: skip
    return Table("Cost of one question, without a conversation", ("", "p50 ms", "p99 ms", "MB", "training s"), tuple(rows))


def goals(ours: Evaluation) -> list[Goal]:
    """Those of the evaluation, in its units."""
    measures = [ours.measure(name) for name in GOALS]
    return [Goal(each.name, each.figure, each.goal, each.unit, each.at_least) for each in measures if each.goal is not None]


def _figure(figure: float | None, name: str) -> str:
    return NOTHING if figure is None else f"{figure:.3f}" if name == "ece" else f"{figure:.1f}"


if __name__ == "__main__":
    main()
