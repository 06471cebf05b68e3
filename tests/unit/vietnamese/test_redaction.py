"""What may reach a disk: private numbers gone, public ones kept."""

import pytest

from vietnamese import find_private, redact

PRIVATE = [
    ("gọi em 0912 345 678 nhé", "gọi em [số điện thoại] nhé"),
    ("+84 912345678", "[số điện thoại]"),
    ("cccd 040088001234", "cccd [số giấy tờ]"),
    ("cmnd 182345678.", "cmnd [số giấy tờ]."),
    ("stk 1234567 MB", "stk [số tài khoản] MB"),
    ("chuyển vào 19031234567890", "chuyển vào [số tài khoản]"),
    ("thư nguyen.a@gmail.com", "thư [email]"),
    ("0912345678 và 0987654321", "[số điện thoại] và [số điện thoại]"),
]
PUBLIC = [
    "1900.0368", "18001096", "ngày 31/12/2022", "31.12.2022", "2022-12-31", "1.500.000 đồng", "500000đ", "nghị định 104/2022", "25 dịch vụ",
    "giai đoạn 2021-2022", "ct07",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kept"), PRIVATE)
def test_removes(text: str, kept: str) -> None:
    assert redact(text) == kept


@pytest.mark.parametrize("text", PUBLIC)
def test_keeps(text: str) -> None:
    assert redact(text) == text


def test_says_where_and_what() -> None:
    assert list(find_private("số 0912345678 ạ")) == [(3, 13, "phone")]


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact("0912345678 a@b.vn 040088001234")
    assert redact(once) == once
