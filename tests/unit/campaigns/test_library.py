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
    assert [problem for loaded in good.values() for problem in lint(loaded, library, NOW)] == []


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("text: Chào bà con.", "text: Chào {{ ten }}.", "8:3", "không có chỗ trống {{ ten }}"),
        ("text: Chào bà con.", "text: Chào {{ place.", "8:3", "viết chưa đúng"),
        ("text: Chào bà con.", "text: Còn {{ days_left }} ngày.", "8:3", "countdown"),
        ("text: Chào bà con.", "text: Chào.\n  photo: khong_co.png", "9:3", "không thấy tệp"),
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
        ("text: Chào bà con.", "text: Chào.\nchannels: {zalo: {text: " + "dài " * 600 + "}}", "9:19", "kênh zalo chỉ cho 2000"),
        ("text: Chào bà con.", "text: Vào https://vneid.gov.vn.abc.com.", "8:3", "https://vneid.gov.vn.abc.com không có trong"),
        ("text: Chào bà con.", "text: Vào bit.ly/abc nhé", "8:3", "bit.ly/abc không có trong"),
        ("text: Chào bà con.", "text: Chào.\nchannels: {zalo: {text: xem vneid.com}}", "9:19", "vneid.com không có trong"),
        ("text: Chào bà con.", "text: Chào.\n  album: [khong_co.png, a.png]", "9:11", "không thấy tệp content/media/khong_co.png"),
        ("text: Chào bà con.", 'text: "{{ place.__class__ }}"', "8:3", "điền vào chỗ trống thì lỗi"),
        ("text: Chào bà con.", 'text: "{{ place + 1 }}"', "8:3", "điền vào chỗ trống thì lỗi"),
        ("text: Chào bà con.", 'text: "{% if name == 1 %}Chào{% endif %}"', "8:3", "không có chữ nào"),
        ("text: Chào bà con.", "text: Chào.\nvariants: {A: {weight: 50}, B: {weight: 40}}", "9:1", "bằng 100"),
        ("text: Chào bà con.", "text: Chào.\nmoments: {7: {text: Sớm}}", "9:11", "lịch không có ngày đó"),
        ("author: An", "author: An\nfacts: [so_ho_khau/het_gia_tri]", "4:1", "checked"),
        ("sender: Tổ công tác", "sender: Tổ công tác\naudience: {percent: 150}", "5:12", '"percent" là 150; lớn nhất là 100'),
        (
            "text: Chào bà con.",
            "text: Chào.\n  buttons: [{text: Hỏi, do: nhay}]",
            "9:25",
            "mydata, checklist, where, scam, help, handoff hoặc menu",
        ),
        ("at: 2022-12-24 08:00", "every: {days: 2, at: 8h}\n  from: 2022-12-24", "6:20", 'giờ dạng "08:00"'),
        ("at: 2022-12-24 08:00", "every: {days: 2, at: 25:00}\n  from: 2022-12-24", "6:20", 'giờ dạng "08:00"'),
        ("at: 2022-12-24 08:00", 'cron: "0 25 * * *"', "6:3", "Năm phần là phút, giờ, ngày, tháng, thứ"),
    ],
)
def test_a_mistake_is_named_where_it_stands(library: Library, tmp_path: Path, old: str, new: str, where: str, words: str) -> None:
    found = check(library, tmp_path, GOOD.replace(old, new))
    assert any(f"content/campaigns/thu.yml:{where}:" in line and words in line for line in found), found


@pytest.mark.parametrize(
    "words",
    ["Vào https://dichvucong.gov.vn.", "Trang vneid.gov.vn, mục Hỗ trợ", "Không mất tiền.Mang thẻ theo", "Gửi hồ sơ ngày 30.12.2022"],
)
def test_official_addresses_and_sloppy_full_stops_may_stand_in_a_text(library: Library, tmp_path: Path, words: str) -> None:
    assert check(library, tmp_path, GOOD.replace("Chào bà con.", words)) == []


def test_a_text_is_tried_on_every_day_it_may_be_read(library: Library, tmp_path: Path) -> None:
    """At 20:00 and useful for a day, it may be read on the next: then nothing would be left of it."""
    text = GOOD.replace("at: 2022-12-24 08:00", 'countdown: {to: 2022-12-31, days: [2, 1], at: "20:00"}')
    text = text.replace("Chào bà con.", '"{% if days_left > 0 %}Còn {{ days_left }} ngày.{% endif %}"')
    [found] = check(library, tmp_path, text)
    assert "content/campaigns/thu.yml:8:3:" in found and "31/12/2022" in found


def test_another_campaign_or_button_that_is_in_no_file_is_asked_about(library: Library, tmp_path: Path) -> None:
    def audience(wanted: str) -> str:
        return GOOD.replace("schedule:", f"audience: {{pressed: {wanted}}}\nschedule:").replace("id: thu", "id: sau")

    check(library, tmp_path, GOOD.replace("bà con.", "bà con.\n  buttons: [{text: Hỏi, do: menu}]"))
    seen = []
    for wanted in ("{campaign: thu, button: Hỏi}", "{campaign: thu, button: Hoi}", "{campaign: nao}"):
        check(library, tmp_path, audience(wanted), "sau")
        good, problems, _ = load(library, tmp_path / "content" / "campaigns", LIMITS)
        assert "sau" in good
        seen.append([str(problem).partition(": ")[2] for problem in problems])
    assert seen == [[], ['(nhắc) chiến dịch "thu" không có nút "Hoi"'], ['(nhắc) không thấy chiến dịch "nao" trong content/campaigns']]


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
    ("old", "new", "where", "words"),
    [
        ("2022-12-24", "2022-11-01", "6:3", "đã qua"),
        ("author: An", "author: An\nexpires: 2022-11-01 08:00", "4:1", "đã hết hạn"),
        ("author: An", "author: An\nexpires: 2022-12-20 08:00", "4:1", "trước lần gửi đầu tiên"),
        (
            "2022-12-24 08:00",
            "2023-01-03 08:00\nfacts: [so_ho_khau/het_gia_tri]\nchecked: 2022-11-07",
            "7:9",
            "hết hiệu lực sau 31/12/2022",
        ),
        (
            "2022-12-24 08:00",
            "2022-12-31 08:00\nfacts: [so_ho_khau/het_gia_tri]\nchecked: 2022-11-07",
            "7:9",
            "hết hiệu lực sau 31/12/2022",
        ),
    ],
    ids=["past", "expired", "expires before it is sent", "quotes an answer that is over", "would be read after midnight, when it is over"],
)
def test_what_stands_against_sending(library: Library, tmp_path: Path, old: str, new: str, where: str, words: str) -> None:
    assert check(library, tmp_path, GOOD.replace(old, new)) == []
    loaded, _ = load_file(library, tmp_path / "content" / "campaigns" / "thu.yml", LIMITS)
    found = [str(problem) for problem in lint(loaded, library, NOW)] if loaded else []
    assert any(f"content/campaigns/thu.yml:{where}:" in line and words in line for line in found), found
