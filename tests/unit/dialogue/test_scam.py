"""The scam check warns of what it knows, confirms only what is official, and never calls the unknown safe."""

import pytest

from bot.content.library import Library
from bot.dialogue import scam

SAFE_WORDS = ("an toàn", "yên tâm", "đáng tin", "không sao")


def verdict(library: Library, text: str) -> scam.Verdict:
    return scam.examine(text, [], [], library.official)


@pytest.mark.parametrize(
    "text",
    [
        "vào http://dichvucong.gov.vn.abc.com/dang-nhap để cập nhật",
        "có người gửi link vneid-nangcap.top",
        "bấm dichvucong.cvgov.com",
        "cài file VNeID.apk này giúp",
        "xưng công an phường bảo đọc mã OTP để kích hoạt mức 2",
        "https://vneid.gov-vn.cc/login",
        "dichvucongs.top",
        "VNELD.GOV.VN.XYZ",
    ],
)
def test_warns_of_sure_signs(library: Library, text: str) -> None:
    found = verdict(library, text)
    assert found.danger, found
    assert scam.explain(found).startswith("⚠️ Bà con KHÔNG làm theo")


@pytest.mark.parametrize("text", ["https://example.com/x", "bit.ly/abc", "0912345678 gọi bảo cập nhật", "abc.gov.vn", "số lạ gọi"])
def test_never_calls_the_unknown_safe(library: Library, text: str) -> None:
    found = verdict(library, text)
    assert not found.danger and not found.official
    said = scam.explain(found)
    assert "không xác nhận được" in said
    assert not any(word in said.lower() for word in SAFE_WORDS)


@pytest.mark.parametrize(("text", "names"), [("https://dichvucong.gov.vn/x", "Cổng Dịch vụ công quốc gia"), ("số 1900.0368", "Cục C06")])
def test_names_what_is_official_and_still_warns(library: Library, text: str, names: str) -> None:
    found = verdict(library, text)
    assert any(names in line for line in found.official) and not found.danger
    assert "người gửi là ai thì Loa không biết" in scam.explain(found)


def test_an_official_address_beside_a_fake_one_does_not_soften_the_warning(library: Library) -> None:
    assert verdict(library, "vneid.gov.vn hay dichvucongg.top").danger


def test_a_fake_address_is_never_shown_as_a_link(library: Library) -> None:
    assert "dichvucongg.top" not in scam.explain(verdict(library, "dichvucongg.top"))


def test_a_plain_question_about_otp_is_no_alarm(library: Library) -> None:
    assert not verdict(library, "mã OTP là gì").danger
