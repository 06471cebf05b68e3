"""How staff read campaigns at the terminal."""

from datetime import date, datetime, timedelta

import pytest

from bot.campaigns.lifecycle import MOVES
from bot.campaigns.model import Audience
from bot.campaigns.schedule import Slot
from bot.cli import words
from bot.clock import VIETNAM
from bot.content.library import Library
from bot.services.campaigns import Status
from bot.store.occurrences import Occurrence


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        ({}, "người đã đồng ý nhận tin; mỗi người nhiều nhất 2 tin trong 7 ngày"),
        ({"places": ["district:dien-chau"], "channels": ["web"]}, "nhận tin, ở Huyện Diễn Châu, trên trang web;"),
        ({"asked": ["dinh_danh/o_dau"], "percent": 10}, "lấy 10 % số đó"),
        ({"joined_since": date(2022, 12, 1)}, "đăng ký từ ngày 01/12/2022"),
        ({"pressed": {"campaign": "a_b", "button": "Xem"}}, "đã bấm “Xem” của a_b"),
        ({"not_pressed": {"campaign": "a_b"}}, "đã nhận mà không bấm nút nào đó của a_b"),
        ({"indicator": {"name": "online_rate", "below": 5.5}}, "ở nơi có online_rate dưới 5.5"),
    ],
)
def test_an_audience_is_read_without_its_keys(library: Library, audience: dict[str, object], told: str) -> None:
    said = words.whom(Audience.model_validate(audience), library)
    assert told in said and not any(sign in said for sign in "[]{}'")


def test_two_slots_of_one_time_are_told_apart(library: Library) -> None:
    at = datetime(2022, 12, 1, 8, tzinfo=VIETNAM)
    assert words.when(Slot("x", at, at, moment=30), library) == "01/12/2022 08:00 · mốc 30"
    assert words.when(Slot("x", at, at, topic="dinh_danh/o_dau"), library).endswith(library.topics["dinh_danh/o_dau"].title)


def test_a_line_of_the_list_says_what_there_is_to_say() -> None:
    status = Status("thu", "Thử", "running", None, None, None)
    assert words.listed(status, 1200, 3000) == "thu – Thử\n    đang gửi · đã tới 1.200/3.000"
    assert words.listed(status, 0, 0) == "thu – Thử\n    đang gửi"


def occurrence(number: int, state: str = "done") -> Occurrence:
    at = datetime(2022, 11, 7, 9, tzinfo=VIETNAM) + timedelta(days=number)
    return Occurrence(number, "thu", str(number), "", {}, at, at, None, None, None, None, state, at, at, 0, 0)


def test_of_a_daily_campaign_the_newest_are_listed_that_reached_somebody(library: Library) -> None:
    days = tuple(occurrence(number, "missed" if number == 99 else "done") for number in range(100))
    counts = {number: {"sent": number % 2} for number in range(99)}
    said = words.occurrences(Status("thu", "Thử", "running", None, None, None, days, counts), library)
    assert said[:2] == ["50 lần đến giờ mà không có ai để gửi", "30 lần trước đó: xem trong report"]
    assert len(said) == 22 and said[-1] == "14/02/2023 09:00 – đã lỡ: chưa có ai" and said[-2].endswith("đã xong: đã tới 1")


def test_every_step_of_the_audit_has_its_word() -> None:
    assert set(MOVES) | {"resend", "void", "open", "missed", "done", "expired"} <= set(words.ACTIONS)
    assert words.share(3, 12) == "3 (25 %)" and words.share(0, 0) == "0"
