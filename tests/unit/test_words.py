import unicodedata

import pytest

from bot.services.words import is_resume, is_stop


@pytest.mark.parametrize(
    "text", ["DỪNG", "dung", "Stop!", "STOP", "Hủy", "huỷ", "HUY", " dừng. ", "Dừng nhận tin", unicodedata.normalize("NFD", "DỪNG")]
)
def test_stops(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "đúng",
        "Đúng rồi",
        "dùng",
        "đừng",
        "hủy đăng ký tạm trú",
        "dừng đăng ký xe ở đâu",
        "dung app the nao",
        "",
        "stop sending me to the wrong office",
    ],
)
def test_does_not_stop(text: str) -> None:
    assert not is_stop(text)


@pytest.mark.parametrize(("text", "resumes"), [("TIẾP", True), ("tiep", True), ("tiếp theo làm gì", False), ("tiếp tục nhận tin", True)])
def test_resume_words(text: str, resumes: bool) -> None:
    assert is_resume(text) is resumes
