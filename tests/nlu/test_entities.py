"""Entities by rule, as a table."""

from datetime import date

import pytest

from nlu.entities import extract, has_foreign_link, the_places

TODAY = date(2022, 11, 7)
FOUND = [
    ("con tôi 12 tuổi", [("age", "12")]),
    ("chau sinh nam 2010", [("age", "12")]),
    ("bé mười hai tuổi", [("age", "12")]),
    ("mẹ tôi 80t", [("age", "80")]),
    ("cháu 8 tháng tuổi", [("age", "0")]),
    ("định danh mức độ 2", [("level", "2")]),
    ("muc1 la gi", [("level", "1")]),
    ("con học cấp 2", []),
    ("hạn là 1/1/2023", [("date", "2023-01-01")]),
    ("ngày 31 tháng 12 năm 2022", [("date", "2022-12-31")]),
    ("ngày 31/2/2022", []),
    ("sổ hộ khẩu với bằng lái", [("document", "so_ho_khau"), ("document", "gplx")]),
    ("thẻ căn cước công dân", [("document", "cccd")]),
    ("gọi 0912345678", [("phone", "0912345678")]),
    ("số 040088001234", [("id_number", "040088001234")]),
    ("stk 1234567", [("account", "1234567")]),
    ("vào https://x.top/a.", [("link", "https://x.top/a")]),
    ("thư a@gmail.com", []),
    ("hotline 1900.0368", []),
]


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_finds(text: str, expected: "list[tuple[str, str]]") -> None:
    assert [(entity["entity"], entity["value"]) for entity in extract(text, the_places(), TODAY)] == expected


def test_a_place_with_two_meanings_is_two_entities_of_one_stretch() -> None:
    first, second = extract("ở xã Bắc Sơn", the_places(), TODAY)
    assert (first["start"], first["end"]) == (second["start"], second["end"]) and first["value"] != second["value"]


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("vào dichvucong.gov.vn không được", False),
        ("https://vneid.gov.vn/x", False),
        ("dichvucong.gov.vn.abc.com", True),
        ("gov.vn-abc.com", True),
        ("bit.ly/abc", True),
        ("tải vneid.apk", True),
        ("không có gì", False),
    ],
)
def test_only_the_end_of_the_host_makes_a_link_the_state_s(text: str, foreign: bool) -> None:
    assert has_foreign_link(text) is foreign
