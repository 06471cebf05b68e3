"""Degrading: what one channel shows as buttons another shows as numbers, and nothing gets lost."""

import pytest

from bot.channels.fit import choices, fit
from bot.messages import Button, Limits, Media, Message, Poll
from bot.text import length

TELEGRAM = Limits(text=4096, caption=1024, buttons=100, media=frozenset({"photo"}), album=10, polls=True)
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


ALBUM = tuple(Media("photo", f"/{n}.png", str(n)) for n in range(3))


def shape(message: Message, limits: Limits = TELEGRAM) -> list[tuple[int, str, int]]:
    """(photos, text, rows of buttons) of each piece."""
    return [(len(piece.media), piece.text, len(piece.buttons)) for piece in fit(message, limits)]


def test_an_album_is_one_message_and_its_buttons_follow_with_the_closing_words() -> None:
    assert shape(Message("Ba ảnh", closing="Nhắn DỪNG.", media=ALBUM, buttons=TWO.buttons)) == [(3, "Ba ảnh", 0), (0, "Nhắn DỪNG.", 2)]


@pytest.mark.parametrize(
    ("message", "pieces"),
    [
        (Message("Ba ảnh", media=ALBUM), [(3, "Ba ảnh", 0)]),
        (Message("Ba ảnh", media=ALBUM, buttons=TWO.buttons), [(3, "", 0), (0, "Ba ảnh", 2)]),
        (Message("", media=ALBUM), [(3, "", 0)]),
        (Message("d" * 1024, closing="x", media=ALBUM), [(3, "d" * 1024, 0), (0, "x", 0)]),
        (Message("d" * 1025, closing="x", media=ALBUM), [(3, "", 0), (0, "d" * 1025 + "\n\nx", 0)]),
        (Message("👍" * 513, closing="x", media=ALBUM), [(3, "", 0), (0, "👍" * 513 + "\n\nx", 0)]),
    ],
    ids=["no buttons", "no closing words", "no words", "just a caption", "too long", "too long in utf-16"],
)
def test_an_albums_caption_is_what_fits_and_every_button_has_words_above_it(message: Message, pieces: list[tuple[int, str, int]]) -> None:
    assert shape(message) == pieces


def test_where_there_are_no_albums_photos_go_one_by_one() -> None:
    single = Limits(text=4096, caption=1024, buttons=100, media=frozenset({"photo"}))
    assert shape(Message("Ba ảnh", closing="Nhắn DỪNG.", media=ALBUM), single) == [(1, "", 0), (1, "", 0), (1, "Ba ảnh\n\nNhắn DỪNG.", 0)]
    assert shape(Message("Ba ảnh", media=ALBUM), PLAIN) == [(0, "Ba ảnh", 0)]


def test_closing_words_end_the_text_and_the_basis_comes_last() -> None:
    [message] = fit(Message("Tin.", closing="Nhắn DỪNG.", sources=("Luật Cư trú",)), PLAIN)
    assert message.text == "Tin.\n\nNhắn DỪNG.\n\n📜 Căn cứ: Luật Cư trú."
