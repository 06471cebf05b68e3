"""Campaign files: mistakes are named where they stand, in Vietnamese, and harm nothing else."""

from datetime import datetime
from pathlib import Path

import pytest

from bot.campaigns.library import LiveCampaigns, lint, load, load_file
from bot.clock import VIETNAM
from bot.content.library import Library
from bot.messages import Limits
from bot.settings import ROOT

LIMITS = {
    "telegram": Limits(text=4096, caption=1024, buttons=100, media=frozenset({"photo"})),
    "zalo": Limits(text=2000, caption=2000, unit="chars"),
}
NOW = datetime(2022, 11, 7, 9, tzinfo=VIETNAM)

GOOD = """\
id: thu
title: Thử
author: An
sender: Tổ công tác
schedule:
  at: 2022-12-24 08:00
message:
  text: Chào bà con.
"""


def check(library: Library, folder: Path, text: str, name: str = "thu") -> list[str]:
    path = folder / "content" / "campaigns" / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return [str(problem) for problem in load_file(library, path, LIMITS)[1]]


def test_the_campaigns_that_ship_are_without_mistakes(library: Library) -> None:
    good, problems, _ = load(library, ROOT / "content" / "campaigns", LIMITS)
    assert problems == []
    assert {"dem_nguoc_so_ho_khau", "dinh_danh_muc_2"} <= good.keys()
    assert [reason for loaded in good.values() for reason in lint(loaded, library, NOW)] == []


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("text: Chào bà con.", "text: Chào {{ ten }}.", "8:3", "không có chỗ trống {{ ten }}"),
        ("text: Chào bà con.", "text: Chào {{ place.", "8:3", "viết chưa đúng"),
        ("text: Chào bà con.", "text: Còn {{ days_left }} ngày.", "8:3", "countdown"),
        ("text: Chào bà con.", "text: Chào.\n  photo: khong_co.png", "7:1", "không thấy tệp"),
        ("text: Chào bà con.", "text: Chào.\n  buttons: [{text: Mở, url: 'https://dichvucong.gov.vn.abc.com'}]", "9:24", "official.yml"),
        ("text: Chào bà con.", "text: Chào.\n  buttons: [{text: Hỏi, topic: khong/co}]", "9:13", 'không có câu nào tên "khong/co"'),
        ("text: Chào bà con.", "text: Chào.\n  buttons: [{text: Hỏi}]", "9:13", "đúng một trong"),
        ("at: 2022-12-24 08:00", "at: 2022-12-24 22:30", "6:3", "giờ yên lặng"),
        ("at: 2022-12-24 08:00", "cron: 0 8 * *", "6:3", "cron"),
        ("at: 2022-12-24 08:00", "at: 2022-12-24 08:00\n  cron: 0 8 * * *", "5:1", "đúng một trong"),
        ("at: 2022-12-24 08:00", "at: mai", "6:3", "ngày giờ dạng"),
        ("id: thu", "id: khac", "1:1", 'id phải là "thu"'),
        ("author: An\n", "", "1:1", 'thiếu mục "author"'),
        ("sender: Tổ công tác", "sender: Tổ công tác\naudience: {places: ['district:ha-noi']}", "5:21", "places.yml"),
        ("sender: Tổ công tác", "sender: Tổ công tác\naudience: {religion: x}", "5:12", 'không có mục nào tên "religion"'),
        ("sender: Tổ công tác", "sender: Tổ công tác\naudience: {cap: {messages: 9, days: 7}}", "5:18", "messages"),
        ("text: Chào bà con.", "text: " + "dài " * 600, "8:3", "kênh zalo chỉ cho 2000"),
    ],
)
def test_a_mistake_is_named_where_it_stands(library: Library, tmp_path: Path, old: str, new: str, where: str, words: str) -> None:
    found = check(library, tmp_path, GOOD.replace(old, new))
    assert any(f"content/campaigns/thu.yml:{where}:" in line and words in line for line in found), found


def test_half_past_six_is_not_a_number(library: Library, tmp_path: Path) -> None:
    """YAML reads 18:30 as 1110."""
    text = GOOD.replace("at: 2022-12-24 08:00", "countdown: {to: 2022-12-31, days: [1], at: 18:30}")
    assert check(library, tmp_path, text) == []


def test_a_broken_edit_keeps_the_last_good_version_and_the_others(library: Library, tmp_path: Path) -> None:
    assert check(library, tmp_path, GOOD) == [] == check(library, tmp_path, GOOD.replace("thu", "hai"), "hai")
    folder = tmp_path / "content" / "campaigns"
    live = LiveCampaigns(lambda: library, folder, LIMITS)
    before = live.current["thu"].hash
    (folder / "thu.yml").write_text("id: [", encoding="utf-8")
    live.refresh()
    assert live.current["thu"].hash == before and "hai" in live.current
    assert len(live.problems) == 1


def test_the_hash_is_of_what_is_said_not_of_how_it_is_typed(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "content" / "campaigns" / "thu.yml"
    hashes = []
    for text in (GOOD, "# ghi chú\n" + GOOD, GOOD.replace("Chào", "Kính chào")):
        check(library, tmp_path, text)
        loaded, _ = load_file(library, path, LIMITS)
        assert loaded
        hashes.append(loaded.hash)
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2022-12-24", "2022-11-01", "đã qua"),
        ("author: An", "author: An\nexpires: 2022-11-01 08:00", "hết hạn"),
        ("2022-12-24 08:00", "2023-01-03 08:00\nfacts: [so_ho_khau/het_gia_tri]\nchecked: 2022-11-07", "hết hiệu lực sau 31/12/2022"),
        ("2022-12-24 08:00", "2022-12-31 08:00\nfacts: [so_ho_khau/het_gia_tri]\nchecked: 2022-11-07", "hết hiệu lực sau 31/12/2022"),
    ],
    ids=["past", "expired", "quotes an answer that is over", "would be read after midnight, when it is over"],
)
def test_what_stands_against_sending(library: Library, tmp_path: Path, old: str, new: str, words: str) -> None:
    assert check(library, tmp_path, GOOD.replace(old, new)) == []
    loaded, _ = load_file(library, tmp_path / "content" / "campaigns" / "thu.yml", LIMITS)
    assert loaded and any(words in reason for reason in lint(loaded, library, NOW))
