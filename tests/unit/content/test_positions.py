"""A mistake is reported where it stands, in Vietnamese, with the way out."""

from pathlib import Path

import pytest

from bot.content.explain import validate
from bot.content.model import Group
from bot.content.positions import read

GOOD = """\
group: dinh_danh
title: Định danh
topics:
  - id: dinh_danh/o_dau
    title: Ở đâu
    question: Đăng ký ở đâu?
    related: [dinh_danh/le_phi]
    answers:
      - from: null
        until: null
        short: Đến công an xã.
        sources: [{doc: nd-59}]
    examples: [một, hai, ba, bốn, năm]
"""


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    file = tmp_path / "x.yml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [str(problem) for problem in validate(Group, read(file, "x.yml"))[1]]


def test_a_right_file_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("    title: Ở đâu\n", ""), 'x.yml:4:5: thiếu mục "title"'),
        (("short: Đến công an xã.", "sort: Đến công an xã."), 'x.yml:11:9: không có mục nào tên "sort"'),
        (("short: Đến công an xã.", "short: 12"), 'x.yml:11:9: "short" phải là chữ'),
        (("until: null", "until: hôm qua"), 'x.yml:10:9: "until" phải là ngày dạng 2022-12-31'),
        (("short: Đến công an xã.", "short: Chú ý: đến xã"), 'x.yml:11:21: YAML viết chưa đúng: có dấu ":" trong câu'),
        (("    title: Ở đâu", "\ttitle: Ở đâu"), "x.yml:5:1: YAML viết chưa đúng: có phím Tab"),
        (("    title: Ở đâu", "    title: Ở đâu\n    title: Chỗ nào"), 'x.yml:6:5: mục "title" viết hai lần'),
        (("short: Đến công an xã.", "short: " + "a" * 401), 'x.yml:11:9: "short" dài 401 ký tự, tối đa 400'),
        (("sources: [{doc: nd-59}]", "sources: []"), 'x.yml:12:9: "sources" cần ít nhất 1 dòng'),
        (("sources: [{doc: nd-59}]", "sources: [{doc: nd-59}]\n        certainty: low"), 'x.yml:9:9: certainty: low thì phải có "review"'),
        (("id: dinh_danh/o_dau", "id: Ở đâu"), 'x.yml:4:5: "id" viết chưa đúng dạng'),
    ],
)
def test_a_mistake_is_reported_where_it_stands(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    found = problems(tmp_path, GOOD.replace(*change))
    assert any(line.startswith(says) for line in found), found


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("short: Đến công an xã.", "short: 12").replace("title: Ở đâu", "titel: Ở đâu")
    assert len(problems(tmp_path, text)) == 3


def test_an_empty_file_and_a_wrong_encoding_are_explained(tmp_path: Path) -> None:
    assert problems(tmp_path, "") == ["x.yml:1:1: tệp đang trống"]
    assert "không phải UTF-8" in problems(tmp_path, "group: định danh".encode("utf-16"))[0]
