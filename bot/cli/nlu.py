"""Verbs that run Rasa's side in its own environment: train, parse, evaluate."""

import subprocess
import sys

import click

from bot.settings import ROOT
from bot.understanding.supervisor import nlu_environment, nlu_python


def run_nlu(module: str, *arguments: str) -> int:
    """Run a module of `nlu/` with our terminal; returns its exit code."""
    return subprocess.run([str(nlu_python()), "-m", module, *arguments], cwd=ROOT, env=nlu_environment(), check=False).returncode


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
