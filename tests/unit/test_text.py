from itertools import pairwise

import pytest

from bot.text import length, shorten, split


@pytest.mark.parametrize(
    ("text", "utf16", "chars"),
    [("sổ hộ khẩu", 10, 10), ("👍", 2, 1), ("👨‍👩‍👧", 8, 5), ("", 0, 0)],
)
def test_length_counts_as_the_platform_counts(text: str, utf16: int, chars: int) -> None:
    assert (length(text, "utf16"), length(text, "chars")) == (utf16, chars)


def test_a_text_at_the_limit_stays_whole_and_one_over_is_cut() -> None:
    assert split("a" * 50, 50, "utf16") == ["a" * 50]
    assert split("a" * 51, 50, "utf16") == ["a" * 50, "a"]


def test_cuts_at_the_end_of_a_sentence() -> None:
    text = "Bà con mang thẻ căn cước. Đến công an xã. " * 6
    pieces = split(text, 100, "utf16")
    assert all(piece.endswith(".") for piece in pieces)
    assert " ".join(pieces) == text.strip()


def test_an_emoji_is_never_cut_in_two() -> None:
    pieces = split("👍" * 30, 7, "utf16")
    assert "".join(pieces) == "👍" * 30
    assert all(length(piece, "utf16") <= 7 for piece in pieces)


def test_nothing_is_lost_or_repeated_far_over_the_limit() -> None:
    words = [f"từ{number}" for number in range(3000)]
    pieces = split(" ".join(words), 4096, "utf16")
    assert " ".join(pieces).split() == words
    assert all(a and b for a, b in pairwise(pieces))


def test_shorten_marks_what_it_cut() -> None:
    assert shorten("đăng ký mức hai", 8) == "đăng ký…"
