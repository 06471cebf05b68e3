"""Elliptical questions: what makes one, and what it means within a subject."""

import pytest

from nlu.examples import load_topics
from nlu.followups import the_subjects

ELLIPTICAL = [
    "thế mất bao lâu?", "còn lệ phí?", "mang theo gì?", "con tôi thì sao?", "the mat bao lau", "rứa ở mô", "cần giấy tờ gì ạ", "mức 1 thì sao",
    "con tôi 12 tuổi thì sao", "làm ở đâu", "mất bn tiền", "ở xa thì sao",
]  # fmt: skip
WHOLE = ["đăng ký mức 2 ở đâu", "lệ phí làm căn cước", "thế còn hộ chiếu thì sao", "xin chào", "sổ hộ khẩu cũ", "cảm ơn", ""]
MEANS = [
    ("thế mất bao lâu?", "dinh_danh/o_dau", ("dinh_danh/thoi_gian_cap", None)),
    ("còn lệ phí?", "dinh_danh/dang_ky_muc_2", ("dinh_danh/le_phi", None)),
    ("con tôi thì sao?", "can_cuoc/lam_the", ("can_cuoc/tre_em", None)),
    ("bao lâu thì có?", "can_cuoc/lam_the", ("can_cuoc/thoi_gian_nhan", None)),
    ("lệ phí?", "dich_vu_cong/ho_chieu", ("dich_vu_cong/ho_chieu", "fee")),
    ("con tôi thì sao?", "dich_vu_cong/thuong_tru", ("dich_vu_cong/thuong_tru", "child")),
    ("mức 1 thì sao", "dinh_danh/o_dau", ("dinh_danh/dang_ky_muc_1", None)),
]


@pytest.mark.parametrize("text", ELLIPTICAL)
def test_is_elliptical(text: str) -> None:
    assert the_subjects().cues(text).elliptical


@pytest.mark.parametrize("text", WHOLE)
def test_has_a_subject_of_its_own(text: str) -> None:
    assert not the_subjects().cues(text).elliptical


@pytest.mark.parametrize(("text", "about", "meant"), MEANS)
def test_means(text: str, about: str, meant: "tuple[str, str | None]") -> None:
    assert the_subjects().resolve(the_subjects().cues(text), about) == meant


def test_every_topic_named_exists() -> None:
    assert the_subjects().topics() <= {topic["id"] for topic in load_topics()}
