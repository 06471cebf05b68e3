"""`./loa bench`: what it calls a benchmark is one."""

import pytest
from click.testing import CliRunner

from bot.cli.checks import BENCHES, bench
from bot.settings import ROOT


def test_every_bench_is_listed_and_nothing_else() -> None:
    runnable = {path.stem for path in (ROOT / "bench").glob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")}
    assert set(BENCHES) == runnable


@pytest.mark.parametrize("words", [["--help"], ["goals"], ["campaign_ledger"]])
def test_help_and_mistakes_name_the_benches_and_run_none(words: list[str]) -> None:
    said = CliRunner().invoke(bench, words).output
    assert all(name in said for name in BENCHES)
