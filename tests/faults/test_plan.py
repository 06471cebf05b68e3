"""The plans themselves: repeatable, and leaving nothing out."""

import pytest

from tests.faults.plan import ENGINES, plan


@pytest.mark.parametrize("engine", ENGINES)
def test_a_seed_is_a_plan(engine: str) -> None:
    assert plan("abc", 3, engine) == plan("abc", 3, engine)
    assert len({str(plan(seed, number, engine)) for seed in ("abc", "abd") for number in range(5)}) == 10


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_two_runs_in_a_row_hold_every_kind_of_mishap(engine: str, seed: str) -> None:
    drawn = {mishap.kind for number in range(2) for mishap in plan(seed, number, engine).mishaps}
    assert drawn == set(ENGINES[engine])
