"""What a resident reads, and what stands behind each button."""

from datetime import date
from pathlib import Path

import pytest

from bot.campaigns.model import Campaign
from bot.campaigns.render import Approved, Composer, Ref, effect
from bot.dialogue.payloads import LIMIT

BASE = {
    "id": "a",
    "title": "t",
    "author": "x",
    "sender": "Tổ công tác",
    "message": {"text": "Chào {{ name }} ở {{ place }}."},
    "schedule": {"countdown": {"to": "2022-12-31", "days": [7, 0], "at": "08:00"}},
}


def composer(day: str = "2022-12-24", moment: int | None = None, **more: object) -> Composer:
    campaign = Campaign.model_validate({**BASE, **more})
    return Composer(Approved(campaign, {}), 42, moment, date.fromisoformat(day), Path("/media"))


def text(made: Composer, variant: str | None = None, channel: str = "telegram") -> str:
    return made.message(variant, channel, "Xã Diễn Kỷ").full_text


def test_every_message_says_who_speaks_and_how_to_stop() -> None:
    made = composer()
    assert text(made).startswith("📢 Loa gửi tin của Tổ công tác (tin tự động)\n") and text(made).endswith("nhắn DỪNG.")
    assert made.message(None, "telegram").buttons[-1][0].payload == "/stop"


def test_days_left_are_counted_on_the_day_it_is_read() -> None:
    late = composer("2022-12-25", 7, message={"text": "Còn {{ days_left }} ngày."})
    assert "Còn 6 ngày." in text(late)


def test_a_resident_whose_name_and_place_are_unknown_is_still_addressed() -> None:
    assert "Chào bà con ở tỉnh Nghệ An." in composer().message(None, "telegram").text


def test_the_day_the_variant_and_the_channel_speak_over_the_message() -> None:
    made = composer(
        moment=0,
        moments={0: {"text": "hôm nay"}},
        channels={"zalo": {"text": "zalo"}},
        variants={"A": {"weight": 50}, "B": {"weight": 50, "text": "bản B"}},
    )
    assert "hôm nay" in text(made, "A") and "bản B" in text(made, "B") and "zalo" in text(made, "B", "zalo")


def test_a_medium_of_the_day_replaces_the_one_of_the_message() -> None:
    made = composer(moment=0, message={"text": "x", "photo": "a.png"}, moments={0: {"video": "b.mp4"}})
    assert [item.kind for item in made.message(None, "telegram").media] == ["video"]


def test_a_template_cannot_reach_into_the_program() -> None:
    from jinja2.exceptions import SecurityError

    with pytest.raises(SecurityError):
        composer(message={"text": "{{ place.__class__.__mro__ }}"}).message(None, "telegram")


@pytest.mark.parametrize("ref", [Ref(42, None, False, 0), Ref(10**18 - 1, "H", True, 7), Ref(1, "A", False, 5)])
def test_a_reference_survives_the_way_to_the_button_and_back(ref: Ref) -> None:
    assert Ref.parse(str(ref)) == ref
    assert len(f"/c {ref}".encode()) <= LIMIT


@pytest.mark.parametrize("text", ["", "x", "1", "1.", "1.a", "1.b2", "-1.a0", "1.a²", "١.a0", "1.a0000", "9" * 30 + ".a0", "1.Aq", "1.AA0"])
def test_a_reference_typed_by_hand_does_no_harm(text: str) -> None:
    assert Ref.parse(text) is None


QUIZ = {"text": "x", "quiz": {"question": "Làm gì?", "options": ["Bấm", "Cúp máy"], "correct": 2, "explanation": "Công an không gọi."}}


def test_a_quiz_tells_right_from_wrong_and_why() -> None:
    approved = Approved(Campaign.model_validate({**BASE, "message": QUIZ}), {})
    right, wrong = (effect(approved, None, "telegram", Ref(1, None, True, index)) for index in (1, 0))
    assert right and right.correct is True and right.message and "Đúng rồi" in right.message.text
    assert wrong and wrong.correct is False and wrong.message and "Cúp máy" in wrong.message.text
    assert effect(approved, None, "telegram", Ref(1, None, True, 2)) is None


def test_the_buttons_of_a_message_do_what_they_say() -> None:
    buttons = [{"text": "Hỏi", "topic": "a/b"}, {"text": "Mở", "url": "https://vneid.gov.vn"}, {"text": "Gửi", "share": True}]
    made = composer(message={"text": "x", "buttons": buttons})
    payloads = [row[0].payload for row in made.message(None, "telegram").buttons]
    assert payloads == ["/c 42.a0", None, "/c 42.a2", "/stop"]
    effects = [effect(made.approved, None, "telegram", Ref(42, None, False, index)) for index in range(3)]
    assert effects[0] and effects[0].payload == "/topic a/b"
    assert effects[1] is None, "a link is opened by the app, not pressed"
    assert effects[2] and effects[2].action == "share"
