"""Degrading: what one channel shows as buttons another shows as numbers, and nothing gets lost."""

import pytest

from bot.channels.fit import choices, fit
from bot.messages import Button, Limits, Media, Message, Poll
from bot.text import length

TELEGRAM = Limits(text=4096, caption=1024, buttons=100, media=frozenset({"photo"}), polls=True)
PLAIN = Limits(text=2000, caption=0, unit="chars", buttons=0)
FIVE = Limits(text=2000, caption=0, unit="chars", buttons=5, button_text=20)
TWO = Message(
    "Chọn đi",
    buttons=(
        (Button("Ở đâu", payload="/topic a/b"), Button("Lệ phí", payload="/topic a/c")),
        (Button("Mở trang", url="https://dichvucong.gov.vn"),),
    ),
)


def test_buttons_stay_where_they_can() -> None:
    [message] = fit(TWO, TELEGRAM)
    assert message.buttons == TWO.buttons and message.text == "Chọn đi"
    assert choices(TWO, TELEGRAM) == []


def test_without_buttons_choices_are_numbered_and_links_are_lines() -> None:
    [message] = fit(TWO, PLAIN)
    assert message.buttons == ()
    assert "1. Ở đâu\n2. Lệ phí" in message.text and "Mở trang: https://dichvucong.gov.vn" in message.text
    assert choices(TWO, PLAIN) == ["/topic a/b", "/topic a/c"]


def test_more_buttons_than_allowed_become_numbers_all_of_them() -> None:
    many = Message("Chọn", buttons=tuple((Button(f"Câu {n}", payload=f"/topic a/b{n}"),) for n in range(6)))
    [message] = fit(many, FIVE)
    assert message.buttons == () and "6. Câu 5" in message.text
    assert len(choices(many, FIVE)) == 6


def test_a_long_button_text_is_shortened() -> None:
    [message] = fit(Message("x", buttons=((Button("một câu rất dài không vừa nút", payload="/menu"),),)), FIVE)
    assert len(message.buttons[0][0].text) == 20


@pytest.mark.parametrize("limits", [TELEGRAM, PLAIN, FIVE])
def test_every_piece_is_within_the_limit_and_only_the_last_has_buttons(limits: Limits) -> None:
    long = Message("Bà con đến công an xã. 👍 " * 800, buttons=TWO.buttons, sources=("Luật Cư trú",))
    pieces = fit(long, limits)
    assert len(pieces) > 1
    assert all(length(piece.text, limits.unit) <= limits.text for piece in pieces)
    assert [bool(piece.buttons) for piece in pieces] == [False] * (len(pieces) - 1) + [limits.buttons > 0]
    assert "Luật Cư trú" in pieces[-1].text


def test_a_text_too_long_for_a_caption_follows_its_picture() -> None:
    photo = (Media("photo", "/x.png", "x"),)
    assert [(bool(m.media), bool(m.text)) for m in fit(Message("ngắn", media=photo), TELEGRAM)] == [(True, True)]
    assert [(bool(m.media), bool(m.text)) for m in fit(Message("d" * 1025, media=photo), TELEGRAM)] == [(True, False), (False, True)]
    assert [(bool(m.media), bool(m.text)) for m in fit(Message("d" * 1025, media=photo), PLAIN)] == [(False, True)]


def test_a_quiz_is_a_quiz_or_its_text() -> None:
    quiz = Message("Đố bà con", poll=Poll("Sổ còn giá trị?", ("Còn", "Hết"), correct=1))
    assert fit(quiz, TELEGRAM)[-1].poll is not None
    [plain] = fit(quiz, PLAIN)
    assert plain.poll is None and "– Còn\n– Hết" in plain.text
