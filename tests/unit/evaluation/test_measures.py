"""What counts as right, and the measures made of it."""

import pytest

from bot.evaluation.floors import Floor, FloorError, below, parse_floor
from bot.evaluation.measures import evaluate
from bot.evaluation.reliability import calibration_error, reliability

A, B, C, D = "so_ho_khau/het_gia_tri", "dinh_danh/o_dau", "dinh_danh/le_phi", "can_cuoc/le_phi"

# what was asked, ranking, decision → first right, among three, answered right, wrongly refused
CASES = [
    (A, (A, B), "answer", True, True, True, False),
    (A, (B, A), "answer", False, True, False, False),  # a wrong answer is wrong, but not a refusal
    (A, (A, B, C), "clarify", True, True, False, False),
    (A, (B, C, A), "clarify", False, True, False, False),
    (A, (B, C, D, A), "clarify", False, False, False, True),
    (A, ("talk/greet", A), "talk", True, True, False, True),  # talk is passed over in the ranking, yet nothing was answered
    (A, (A, B), "out_of_scope", True, True, False, True),
    (A, ("talk/bye", B, "talk/greet", C, A), "clarify", False, True, False, False),
    (A, (), "out_of_scope", False, False, False, True),
]


@pytest.mark.parametrize(("asked", "ranking", "decision", "first", "three", "answered", "refused"), CASES)
def test_what_counts_as_right(made, asked, ranking, decision, first, three, answered, refused) -> None:
    one = made(asked, ranking, decision)
    assert (one.first_right, one.among_three, one.answered_right, one.wrongly_refused) == (first, three, answered, refused)


@pytest.mark.parametrize(("decision", "right"), [("answer", 0), ("clarify", 100), ("talk", 100), ("out_of_scope", 100)])
def test_out_of_scope_is_right_whenever_nothing_is_answered(made, decision: str, right: float) -> None:
    assert evaluate([made("oos", (A,), decision)]).measure("out_of_scope").figure == right


@pytest.mark.parametrize(
    ("decision", "intent", "right"), [("talk", "greet", 100), ("talk", "bye", 0), ("clarify", "clarify", 0), ("answer", "faq", 0)]
)
def test_talk_is_right_when_its_intent_is(made, decision: str, intent: str, right: float) -> None:
    assert evaluate([made("talk/greet", ("talk/greet", A), decision, intent=intent)]).measure("talk").figure == right


def test_an_answer_to_an_out_of_scope_question_is_a_wrong_answer_and_talk_is_left_apart(made) -> None:
    outcomes = [made(A, (A,)), made(B, (B,)), made(C, (B,)), made("oos", (A,)), made("talk/greet", (A,))]
    measure = evaluate(outcomes).measure("answers_right")
    assert (measure.figure, measure.count) == (50, 4)


def test_in_scope_measures_count_in_scope_questions_only(made) -> None:
    outcomes = [made(A, (A,)), made(A, (B, A)), made("oos", (A,)), made("talk/greet", ("talk/greet",), "talk", intent="greet")]
    measures = {measure.name: (measure.figure, measure.count) for measure in evaluate(outcomes).measures}
    assert measures["first_choice"] == (50, 2)
    assert measures["among_three"] == (100, 2)
    assert measures["wrongly_refused"] == (0, 2)


def test_the_gap_is_that_of_the_worst_register(made) -> None:
    outcomes = [
        made(A, (A,)),
        made(A, (A,)),
        made(A, (A,), register="casual"),
        made(A, (B,), register="typos"),
        made(A, (A,), register="typos"),
    ]
    gap = evaluate(outcomes).measure("register_gap")
    assert (gap.figure, gap.note, gap.verdict) == (50, "typos", "missed")


def test_registers_better_than_formal_leave_no_gap(made) -> None:
    gap = evaluate([made(A, (B,)), made(A, (A,), register="casual")]).measure("register_gap")
    assert (gap.figure, gap.verdict) == (0, "met")


def test_without_a_formal_register_the_gap_is_not_measured(made) -> None:
    gap = evaluate([made(A, (A,), register="casual"), made(A, (B,), register="typos")]).measure("register_gap")
    assert (gap.figure, gap.met, gap.shown) == (None, None, "—")


def test_topics_come_worst_first_and_formal_before_other_registers(made) -> None:
    report = evaluate([made(A, (A,), register="casual"), made(B, (A,)), made(C, (A, C))])
    assert [topic.name for topic in report.topics] == [B, C, A]
    assert [register.name for register in report.registers] == ["formal", "casual"]


def test_confusions_are_counted_with_their_texts_most_frequent_first(made) -> None:
    outcomes = [
        made(A, (B,), text="một"),
        made(C, (D,), text="hai"),
        made(C, (D,), "clarify", text="ba"),
        made("oos", (A,), text="bốn"),
        made("oos", (A,), "clarify"),
        made("talk/greet", ("talk/bye",), "talk", intent="bye", text="năm"),
        made(A, (A,)),
    ]
    found = [(pair.asked, pair.taken, pair.texts) for pair in evaluate(outcomes).confusions]
    assert found == [
        (C, D, ("hai", "ba")),
        ("oos", A, ("bốn",)),
        (A, B, ("một",)),
        ("talk/greet", "talk/bye", ("năm",)),
    ]


def test_the_confidence_of_a_refusal_is_about_being_out_of_scope(made) -> None:
    report = evaluate([made("oos", (A,), "out_of_scope", confidence=1.0), made(A, (A,), confidence=1.0)])
    assert report.measure("ece").figure == 0


def test_calibration_error_is_the_weighted_distance_of_confidence_and_accuracy() -> None:
    # three of four right at 0.75: perfect; one wrong at 0.95: off by 0.95
    pairs = [(0.75, True), (0.75, True), (0.75, True), (0.75, False), (0.95, False)]
    assert calibration_error(reliability(pairs)) == pytest.approx(0.95 / 5)


def test_bins_hold_their_lower_edge_and_the_last_one_holds_one() -> None:
    bins = reliability([(0.0, True), (0.1, True), (1.0, True)])
    assert [each.count for each in bins] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]


def test_nothing_has_no_calibration_error() -> None:
    assert calibration_error(reliability([])) is None


@pytest.mark.parametrize(
    ("floor", "missed"),
    [
        ("first_choice=50", []),
        ("first_choice=50.1", ["first_choice is 50.0 %, the floor is 50.1"]),
        ("wrongly_refused=0", []),
        ("ece=0.39", ["ece is 0.400, the floor is 0.39"]),
        ("out_of_scope=1", ["out_of_scope is —, the floor is 1"]),  # what was not measured guards nothing, so it does not pass
    ],
)
def test_floors(made, floor: str, missed: list[str]) -> None:
    report = evaluate([made(A, (A,)), made(A, (B,))])
    assert below([parse_floor(floor)], report.measures) == missed


@pytest.mark.parametrize("text", ["first_choice", "first_choice=", "first_choice=viel", "=", ""])
def test_a_malformed_floor_is_refused(text: str) -> None:
    with pytest.raises(FloorError, match="expected NAME=NUMBER"):
        parse_floor(text)


def test_a_floor_for_an_unknown_measure_names_those_there_are(made) -> None:
    with pytest.raises(FloorError, match="there are: first_choice, among_three"):
        below([Floor("first", 90)], evaluate([made(A, (A,))]).measures)
