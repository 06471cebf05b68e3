"""Who may move a campaign from where to where, and when it stops itself."""

import unicodedata

import pytest

from bot.campaigns.lifecycle import MOVES, STATES, NotAllowed, check_approver, move
from bot.campaigns.policy import POLICIES, Health, in_words, policy_for
from bot.errors import DeliveryError, Rejected


def subclasses(kind: type) -> set[type]:
    return {kind, *(found for child in kind.__subclasses__() for found in subclasses(child))}


@pytest.mark.parametrize("action", MOVES)
@pytest.mark.parametrize("state", STATES)
def test_every_step_is_allowed_or_refused_with_the_way_out(action: str, state: str) -> None:
    if state in MOVES[action][0]:
        assert move(action, state) in STATES
    else:
        with pytest.raises(NotAllowed, match=r"Lúc này: .*(submit|approve|start|pause|resume)"):
            move(action, state)


def test_outcomes_are_told_with_what_arrived_first() -> None:
    kinds = [("blocked", "blocked", 1), ("sent", None, 9), ("failed", "rejected", 2)]
    assert [line.partition(" –")[0] for line in in_words(kinds)] == ["đã tới: 9", "gửi lỗi", "không tới được"]


def test_nothing_is_sent_without_an_approval() -> None:
    """Every way to `scheduled` goes through `approved`, and every way there through `submitted`."""
    assert MOVES["start"][0] == ("approved",) and MOVES["approve"][0] == ("submitted",)
    assert [action for action, (_, goal) in MOVES.items() if goal in ("scheduled", "running")] == ["start", "resume"]
    assert MOVES["resume"][0] == ("paused",)


@pytest.mark.parametrize("approver", ["An", " an ", "BÌNH", unicodedata.normalize("NFD", "Bình"), "Trần  Thị An", ""])
def test_nobody_approves_their_own_campaign(approver: str) -> None:
    with pytest.raises(NotAllowed):
        check_approver(approver, "An" if approver != "Trần  Thị An" else "Trần Thị An", "Bình")


def test_somebody_else_may_approve() -> None:
    check_approver("Chi", "An", "Bình")


def test_every_delivery_error_has_its_line_in_the_table() -> None:
    assert subclasses(DeliveryError) - {DeliveryError} == set(POLICIES)


def test_an_error_nobody_foresaw_counts_as_a_failure() -> None:
    assert policy_for(DeliveryError("?")).row == "failed"


def test_a_text_refused_five_times_in_a_row_stops_the_campaign() -> None:
    health = Health()
    assert [health.saw(Rejected.kind, True) for _ in range(4)] == [None] * 4
    assert "nội dung có lỗi" in (health.saw(Rejected.kind, True) or "")


def test_a_few_failures_among_many_do_not() -> None:
    health = Health()
    assert [health.saw("gone", True) if number % 5 == 0 else health.saw(None, False) for number in range(200)] == [None] * 200


def test_residents_who_blocked_the_bot_are_no_failure() -> None:
    health = Health()
    assert {health.saw("blocked", False) for _ in range(100)} == {None}
