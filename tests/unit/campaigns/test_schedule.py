"""When campaigns are due: arithmetic across midnights, year's end, Tết, quiet hours and clocks that jump."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.campaigns.model import Campaign, Quiet
from bot.campaigns.schedule import coalesce, cron_trigger, ends, holiday, quiet_at, slots, upcoming
from bot.clock import VIETNAM


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def campaign(expires: str | None = None, **schedule: object) -> Campaign:
    return Campaign.model_validate(
        {"id": "a", "title": "t", "author": "x", "sender": "s", "message": {"text": "t"}, "schedule": schedule, "expires": expires}
    )


def when(made: Campaign, after: str, until: str, seams=()) -> list[str]:  # type: ignore[no-untyped-def]
    return [f"{slot.key} {slot.at:%Y-%m-%d %H:%M}" for slot in slots(made, at(after), at(until), seams)]


COUNTDOWN = campaign(countdown={"to": "2022-12-31", "days": [30, 7, 1, 0, -1], "at": "08:00"})


def test_a_countdown_crosses_the_end_of_the_year() -> None:
    assert when(COUNTDOWN, "2022-12-30T00:00", "2023-02-01") == [
        "T-1@2022-12-30 2022-12-30 08:00",
        "T0@2022-12-31 2022-12-31 08:00",
        "T+1@2023-01-01 2023-01-01 08:00",
    ]


@pytest.mark.parametrize(
    ("schedule", "after", "until", "expected"),
    [
        pytest.param({"at": "2022-12-24 08:00"}, "2022-12-24T07:59", "2022-12-24T08:00", 1, id="due at the very moment"),
        pytest.param({"at": "2022-12-24 08:00"}, "2022-12-24T08:00", "2022-12-25", 0, id="not due a second time"),
        pytest.param({"cron": "0 8 * * 1"}, "2022-11-06", "2022-11-14T12:00", 2, id="cron's 1 is Monday"),
        pytest.param({"cron": "0 8 * * 0"}, "2022-11-06", "2022-11-14", 2, id="cron's 0 is Sunday"),
        pytest.param({"cron": "0 8 * * 7"}, "2022-11-06", "2022-11-14", 2, id="cron's 7 is Sunday too"),
        pytest.param(
            {"every": {"days": 14, "at": "09:00"}, "from": "2022-11-12", "until": "2022-12-10"}, "2022-01-01", "2023-12-31", 3, id="every"
        ),
        pytest.param({"cron": "0 8 * * *", "holidays": "skip"}, "2023-01-19", "2023-01-27T09:00", 2, id="nothing from the 29th of Tết on"),
        pytest.param({"cron": "0 8 * * *", "holidays": "send"}, "2023-01-19", "2023-01-27T09:00", 9, id="unless staff say so"),
    ],
)
def test_how_often_it_is_due(schedule: dict[str, object], after: str, until: str, expected: int) -> None:
    assert len(when(campaign(**schedule), after, until)) == expected


def test_what_falls_into_tet_waits_until_it_is_over_and_is_said_once() -> None:
    found = when(campaign(cron="0 8 * * *"), "2023-01-19T09:00", "2023-01-28")
    assert found == ["2023-01-26T08:00 2023-01-27 08:00"] or found == ["2023-01-27T08:00 2023-01-27 08:00"]


@pytest.mark.parametrize("year", range(2022, 2031))
def test_tet_is_known_for_years_to_come(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(70)]
    assert any("Tết Nguyên Đán" in (holiday(day) or "") for day in days)


def test_a_sequence_takes_each_resident_once_whenever_they_subscribed() -> None:
    """The windows of one step touch without gap or overlap, over days, months and the year's end."""
    made = campaign(sequence={"days": [0, 2], "at": "09:00"}, holidays="send")
    for step in (0, 2):
        found = [slot for slot in slots(made, at("2022-12-20"), at("2023-01-20")) if slot.moment == step]
        assert all(before.before == after.since for before, after in pairwise(found))
        assert all(slot.at - timedelta(days=step) == slot.before for slot in found)


def test_a_change_of_law_is_due_on_its_day_to_those_who_asked_before() -> None:
    made = campaign(changed={"topics": ["a/b"], "at": "08:30"}, holidays="send")
    [slot] = slots(made, at("2022-12-01"), at("2023-02-01"), [("a/b", date(2023, 1, 1)), ("c/d", date(2023, 1, 5))])
    assert (slot.topic, slot.at, slot.before) == ("a/b", at("2023-01-01T08:30"), at("2023-01-01T00:00"))


def test_nothing_is_due_after_the_campaign_expired() -> None:
    made = campaign(cron="0 8 * * *", expires="2022-11-09 07:00")
    assert when(made, "2022-11-07", "2022-11-30") == ["2022-11-07T08:00 2022-11-07 08:00", "2022-11-08T08:00 2022-11-08 08:00"]


def test_after_an_outage_only_the_newest_goes_out_and_the_rest_is_reported() -> None:
    due = slots(COUNTDOWN, at("2022-11-30"), at("2022-12-31T09:00"))
    sending, missed = coalesce(due, at("2022-12-31T09:00"))
    assert [slot.moment for slot in sending] == [0]
    assert [slot.moment for slot in missed] == [30, 7, 1]


def test_after_an_outage_nobody_of_a_sequence_is_passed_over() -> None:
    due = slots(campaign(sequence={"days": [0], "at": "09:00"}, useful_for=96), at("2022-11-07T10:00"), at("2022-11-10T10:00"))
    assert len(coalesce(due, at("2022-11-10T10:00"))[0]) == 3


def test_what_is_too_late_to_be_useful_is_missed() -> None:
    sending, missed = coalesce(
        slots(campaign(at="2022-11-07 08:00", useful_for=2), at("2022-11-07"), at("2022-11-08")), at("2022-11-07T10:00")
    )
    assert (len(sending), len(missed)) == (0, 1)


@settings(deadline=None)  # the first use of a year imports the holidays
@given(
    steps=st.lists(st.integers(min_value=1, max_value=100_000), min_size=1, max_size=20),
    schedule=st.sampled_from(
        [
            {"cron": "*/30 8-20 * * *", "holidays": "send"},
            {"every": {"days": 3, "at": "09:00"}, "from": "2022-11-01"},
            {"countdown": {"to": "2022-12-31", "days": [50, 40, 30, 7, 1, 0], "at": "08:00"}},
            {"cron": "0 8 * * *"},
            {"sequence": {"days": [0, 1, 5], "at": "10:00"}},
        ]
    ),
)
def test_however_often_the_clock_looks_nothing_is_skipped_or_repeated(steps: list[int], schedule: dict[str, object]) -> None:
    """Looking at arbitrary moments finds the same slots as looking once at the end: the property that makes the tick harmless."""
    made = campaign(**schedule)
    start = moment = at("2022-11-07")
    found = []
    for step in steps:
        later = moment + timedelta(seconds=step)
        found += slots(made, moment, later)
        moment = later
    assert [(slot.key, slot.at) for slot in found] == [(slot.key, slot.at) for slot in slots(made, start, moment)]


@pytest.mark.parametrize(
    ("hour", "quiet"), [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)]
)
def test_quiet_hours_span_midnight(hour: str, quiet: bool) -> None:
    assert quiet_at(Quiet(), at(f"2022-12-31T{hour}")) is quiet  # type: ignore[call-arg]


def test_a_long_send_rests_at_night() -> None:
    """3.4 million at 30 a second are 31.5 hours of sending: from Thursday eight o'clock, with a night's rest of ten hours each."""
    assert ends(at("2022-12-01T08:00"), 3_400_000 / 30, Quiet()) == at("2022-12-01T08:00") + timedelta(seconds=3_400_000 / 30, hours=20)  # type: ignore[call-arg]


def test_a_send_that_begins_in_the_night_waits_for_the_morning() -> None:
    assert ends(at("2022-12-01T22:00"), 60, Quiet()) == at("2022-12-02T07:01")  # type: ignore[call-arg]


def test_upcoming_looks_over_holidays() -> None:
    assert [f"{slot.at:%d/%m}" for slot in upcoming(campaign(cron="0 8 1 1 *"), at("2022-12-01"), 1)] == ["03/01"]


@pytest.mark.parametrize("text", ["0 8 * *", "61 8 * * *", "0 8 * * 9", "x 8 * * *"])
def test_a_cron_line_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        cron_trigger(text)
