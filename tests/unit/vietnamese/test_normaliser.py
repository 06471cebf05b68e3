"""The normaliser as a table: what residents type, and the one spelling it is read as."""

import unicodedata

import pytest

from vietnamese import fold, normalise
from vietnamese.spelling import from_telex, from_vni, is_syllable, old_style_tones, y_for_i

TYPED = [
    # encoding and case
    (unicodedata.normalize("NFD", "Sổ hộ khẩu"), "sổ hộ khẩu"),
    ("ĐĂNG KÝ Định Danh", "đăng ký định danh"),
    ("căn\u200bcước", "căn cước"),
    # tone placement, y and i
    ("hoà", "hòa"), ("khoẻ", "khỏe"), ("thuỷ", "thủy"), ("quý", "quý"), ("toàn", "toàn"),
    ("lí lịch", "lý lịch"), ("kĩ", "kỹ"), ("quí", "quý"), ("khi nghi", "khi nghi"),
    # Telex and VNI left undone
    ("ddawng kys", "đăng ký"), ("hooj khaaur", "hộ khẩu"), ("nguwowif giaf", "người già"), ("dduwowcj khoong", "được không"),
    ("d9a8ng ky1", "đăng ký"), ("so63 ho65 kha63u", "sổ hộ khẩu"),
    # digits that are no tones
    ("mức2", "mức 2"), ("muc1", "muc 1"), ("ct07", "ct07"), ("12tuổi", "12 tuổi"),
    # texting
    ("ko bjt lm cccd ntn", "không biết làm căn cước công dân như thế nào"), ("hết bn tiền", "hết bao nhiêu tiền"),
    ("dc k ạ", "được không ạ"), ("đk mức 2", "đăng ký mức 2"), ("quên mk vneid", "quên mật khẩu vneid"), ("mk muốn hỏi", "mình muốn hỏi"),
    ("shk hết hạn chưa", "sổ hộ khẩu hết hạn chưa"), ("dvc", "dịch vụ công"), ("bhyt", "bảo hiểm y tế"), ("gplx", "giấy phép lái xe"),
    # Nghệ An
    ("mần răng", "làm sao"), ("ở mô rứa", "ở đâu vậy"), ("cần chi nỏ", "cần gì không"), ("bựa ni tui", "hôm nay tôi"),
    ("man rang", "làm sao"), ("o mo", "ở đâu"), ("cấy thẻ ni", "cái thẻ này"),
    # the same words when they are other words
    ("quy mô", "quy mô"), ("mô hình", "mô hình"), ("chi phí", "chi phí"), ("chi nhánh", "chi nhánh"), ("đau răng", "đau răng"), ("bổ sung", "bổ sung"),
    # stretched, stuck, decorated
    ("ơiiiii", "ơi"), ("dạaaa", "dạ"), ("quyyyy", "quy"), ("xoong", "xoong"), ("đăngký", "đăng ký"), ("cancuoc", "can cuoc"),
    ("👍 cảm ơn 😀", "cảm ơn"), ("online", "online"), ("camera", "camera"),
    ("vào https://vneid-x.top/a ko", "vào link không"), ("", ""), ("!!! ???", ""),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "read"), TYPED, ids=[read or "nothing" for _, read in TYPED])
def test_reads(typed: str, read: str) -> None:
    assert normalise(typed) == read


@pytest.mark.parametrize("typed", [typed for typed, _ in TYPED])
def test_is_idempotent(typed: str) -> None:
    assert normalise(normalise(typed)) == normalise(typed)


def test_fold_strips_every_diacritic_and_the_bar_of_d() -> None:
    assert fold("Đường về xứ Nghệ, ngõ đ") == "duong ve xu nghe, ngo d"
    assert fold(unicodedata.normalize("NFD", "Ưở")) == "uo"


@pytest.mark.parametrize("word", ["an", "online", "vneid", "dang", "as1", "ct07", "facebook"])
def test_telex_leaves_other_words_alone(word: str) -> None:
    assert from_telex(word) == word


def test_vni_needs_a_lawful_syllable() -> None:
    assert from_vni("muc2") == "muc2"  # c never takes huyền
    assert from_vni("d9inh5") == "định" or from_vni("d9i5nh") == "định"


@pytest.mark.parametrize("word", ["nghiêng", "giếng", "quyền", "ước", "gì", "khuya", "xoong"])
def test_knows_syllables(word: str) -> None:
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["mùc", "zalo", "kc", "ngee", "online"])
def test_refuses_what_is_no_syllable(word: str) -> None:
    assert not is_syllable(word)


def test_old_style_tones_keep_closed_syllables() -> None:
    assert old_style_tones("hoàn thuế hoà") == "hoàn thuế hòa"


def test_y_for_i_only_where_both_are_written() -> None:
    assert y_for_i("kì thi lí") == "kỳ thi lý"
