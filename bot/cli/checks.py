"""`loa test` and `loa bench`: what CI runs is what we run."""

import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import click

from bot.cli.nlu import run_nlu
from bot.settings import ROOT
from bot.understanding.supervisor import nlu_environment, nlu_python


@click.command(
    help="Lint, types and every test, in both environments. Arguments after -- go to pytest (application) and choose tests there.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    os.environ["PYTHONWARNINGS"] = "default"
    if arguments:
        sys.exit(_pytest(sys.executable, ["tests", *arguments] if arguments[0].startswith("-") else list(arguments), dict(os.environ)))
    _need_chromium()
    failed = [
        name
        for name, command in (
            ("ruff", [sys.executable, "-m", "ruff", "check", "."]),
            ("format", [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "."]),
            ("types", [sys.executable, "-m", "mypy"]),
            ("content", [sys.executable, "-m", "bot", "content", "check"]),
        )
        if _step(name, command)
    ]
    if run_nlu("nlu.train"):
        raise click.ClickException("the model could not be trained; see above")
    with tempfile.TemporaryDirectory() as folder:
        reports = [Path(folder) / "nlu.xml", Path(folder) / "app.xml"]
        codes = [
            _pytest(
                str(nlu_python()),
                ["-c", "tests/nlu/pytest.ini", "tests/nlu", "tests/unit/vietnamese", f"--junitxml={reports[0]}"],
                nlu_environment(PYTHONPATH=str(ROOT)),
            ),
            _pytest(sys.executable, ["tests", "--ignore=tests/nlu", f"--junitxml={reports[1]}"], dict(os.environ)),
        ]
        passed, broken = _totals(reports)
    broken += len(failed)
    for name in failed:
        click.echo(f"FAILED {name}")
    click.echo(f"{passed} passed, {broken} failed")
    sys.exit(1 if broken or any(codes) else 0)


def _step(name: str, command: list[str]) -> int:
    click.echo(f"— {name}")
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _pytest(python: str, arguments: list[str], environment: dict[str, str]) -> int:
    click.echo(f"— pytest {' '.join(argument for argument in arguments if not argument.startswith('--junitxml'))}")
    return subprocess.run([python, "-m", "pytest", *arguments], cwd=ROOT, env=environment, check=False).returncode


def _totals(reports: list[Path]) -> tuple[int, int]:
    """(passed, not passed) over both runs. A skipped test counts as not passed; a run without a report as one failure."""
    passed = broken = 0
    for report in reports:
        if not report.exists():
            broken += 1
            continue
        suite = ET.parse(report).getroot().find("testsuite")
        assert suite is not None
        counts = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
        bad = counts["failures"] + counts["errors"] + counts["skipped"]
        passed, broken = passed + counts["tests"] - bad, broken + bad
    return passed, broken


def _need_chromium() -> None:
    """The page is tested in a real browser: Debian's, installed here when we may, asked for when we may not."""
    if shutil.which("chromium"):
        return
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        raise click.ClickException("the tests drive the web page in Chromium: install it (Debian: apt-get install chromium) and run again")
    click.echo("— installing Chromium, which the tests of the web page drive")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
            raise click.ClickException("Chromium could not be installed; see above. Try: apt-get update && apt-get install chromium")


BENCHES = ("turn", "nlu", "campaign")


@click.command(
    help=f"Run a benchmark of bench/: {', '.join(BENCHES)}. It ends with its goals, met or missed; exit 1 when one is missed. "
    "Arguments after NAME are its own: ./loa bench turn --help.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("name", type=click.Choice(BENCHES), metavar="NAME")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str, arguments: tuple[str, ...]) -> None:
    sys.exit(subprocess.run([sys.executable, "-m", f"bench.{name}", *arguments], cwd=ROOT, check=False).returncode)
