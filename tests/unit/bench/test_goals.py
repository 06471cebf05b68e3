"""The line that ends a benchmark."""

import pytest

from bench.goals import Goal, conclude


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal("p99", 30, 30, "ms"), True),
        (Goal("p99", 30.1, 30, "ms"), False),
        (Goal("rate", 80, 80, "/s", at_least=True), True),
        (Goal("rate", 79.9, 80, "/s", at_least=True), False),
        (Goal("p99", None, 30, "ms"), False),  # what was not measured was not reached
    ],
)
def test_a_goal_is_met_up_to_its_bound(goal: Goal, met: bool) -> None:
    assert goal.met is met


def test_one_line_names_every_goal_with_its_figure(capsys: pytest.CaptureFixture[str]) -> None:
    code = conclude([Goal("p99", 12.34, 30, "ms"), Goal("rate", 71, 80, "/s", at_least=True), Goal("training", None, 60, "s")])
    assert capsys.readouterr().out == (
        "goals: p99 12.34 ms (≤ 30 ms) met; rate 71 /s (≥ 80 /s) MISSED; training not measured (≤ 60 s) MISSED\n"
    )
    assert code == 1


def test_the_exit_code_is_zero_when_all_are_met() -> None:
    assert conclude([Goal("p99", 12, 30, "ms")]) == 0
