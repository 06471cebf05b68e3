"""The commands staff type, with a real database behind them."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.campaign import campaign
from bot.cli.content import content
from bot.cli.subscribers import subscribers
from bot.errors import LoaError
from bot.settings import ROOT
from tests.doubles.bot_api import BotApi
from tests.doubles.log_lines import log_lines

Run = Callable[..., str]
PEOPLE = """channel,chat,place,consent_version,consent_at
telegram,101,commune:dien-chau/dien-ky,giay-2022,2022-10-01T08:00
telegram,102,,giay-2022,2022-10-01T08:00
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command as of November 2022 against an empty database; returns what it says, errors included."""
    monkeypatch.setenv("LOA_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("LOA_AS_OF", "2022-11-07")

    def command(*words: str) -> str:
        group = {"campaign": campaign, "content": content, "subscribers": subscribers}[words[0]]
        result = CliRunner().invoke(group, words[1:])
        if isinstance(result.exception, LoaError):
            return str(result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.output

    return command


def csv(tmp_path: Path, text: str) -> str:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_an_import_repeated_changes_nothing(run: Run, tmp_path: Path) -> None:
    assert "thêm mới 2" in run("subscribers", "import", csv(tmp_path, PEOPLE))
    assert "thêm mới 0" in run("subscribers", "import", csv(tmp_path, PEOPLE))
    assert "2 người, 2 đang nhận tin" in run("subscribers", "count", "--places")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("telegram,103,,,", "không có sự đồng ý"),
        ("telegram,103,,giay-2022,", "không có sự đồng ý"),
        ("telegram,103,,giay-2022,2030-01-01", "tương lai"),
        ("telegram,103,,giay-2022,hôm qua", "ngày giờ"),
        ("fax,103,,giay-2022,2022-10-01", "kênh"),
        ("telegram,Nguyễn An,,giay-2022,2022-10-01", "phải là số"),
        ("telegram,103,district:ha-noi,giay-2022,2022-10-01", "district:ha-noi"),
    ],
)
def test_a_line_without_consent_refuses_the_whole_file(run: Run, tmp_path: Path, line: str, words: str) -> None:
    said = run("subscribers", "import", csv(tmp_path, PEOPLE + line + "\n"))
    assert "people.csv:4:1:" in said and words in said
    assert "Chưa có ai" in run("subscribers", "count")


def test_an_export_imported_elsewhere_keeps_who_said_stop_and_who_is_lost(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = PEOPLE.replace("consent_at\n", "consent_at,opted_out_at,unreachable,name\n").replace("T08:00\n", "T08:00,,,mệ Lan\n")
    more += "web,w1,,giay-2022,2022-10-01T08:00,2022-10-05T09:30,\ntelegram,104,,giay-2022,2022-10-01T08:00,,blocked\n"
    first = "telegram: 3 người, 3 đang nhận tin, 2 gửi tới được"
    run("subscribers", "import", csv(tmp_path, more))
    assert first in run("subscribers", "count")
    run("subscribers", "export", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").stat().st_mode & 0o077 == 0, "it names chats: for nobody else on the machine"
    monkeypatch.setenv("LOA_STATE_DIR", str(tmp_path / "elsewhere"))
    assert "thêm mới 4" in run("subscribers", "import", str(tmp_path / "out.csv"))
    run("subscribers", "export", str(tmp_path / "again.csv"))
    assert (tmp_path / "again.csv").read_text(encoding="utf-8-sig").count(",mệ Lan") == 2
    counted = run("subscribers", "count")
    assert first in counted and "web: 1 người, 0 đang nhận tin, 0 gửi tới được" in counted


def test_a_stop_in_a_file_ends_the_consent_before_it_and_none_after(run: Run, tmp_path: Path) -> None:
    run("subscribers", "import", csv(tmp_path, PEOPLE))
    stops = "channel,chat,place,consent_version,consent_at,opted_out_at\n"
    stops += "telegram,101,,giay-2022,2022-08-01,2022-10-02\ntelegram,102,,giay-2022,2022-08-01,2022-09-30\n"
    for said in ("1 người trong số đó đã nhắn DỪNG", "giữ nguyên."):
        assert said in run("subscribers", "import", csv(tmp_path, stops))
        assert "telegram: 2 người, 1 đang nhận tin" in run("subscribers", "count")


def test_from_draft_to_schedule(run: Run, tmp_path: Path) -> None:
    run("subscribers", "import", csv(tmp_path, PEOPLE))
    name = "dem_nguoc_so_ho_khau"
    assert "2 người" in run("campaign", "simulate", name)
    assert "nhắn DỪNG" in run("campaign", "preview", name, "--channel", "telegram")
    assert "gửi duyệt bằng lệnh submit" in run("campaign", "start", name, "--by", "An")
    assert 'thiếu tên người làm: --by "Họ tên"' in run("campaign", "submit", name)
    assert "Đã gửi duyệt" in run("campaign", "submit", name, "--by", "An")
    assert "khác người soạn" in run("campaign", "approve", name, "--by", "an")
    assert "Đã duyệt" in run("campaign", "approve", name, "--by", "Bình")
    assert "Đã lên lịch" in run("campaign", "start", name, "--by", "An")
    assert "01/12/2022 08:00" in run("campaign", "status", name)
    shown = run("campaign", "show", name)
    assert "Bình: duyệt" in shown
    assert "đã lên lịch" in run("campaign", "list")


@pytest.mark.parametrize("words", [("show",), ("pause", "--by", "An"), ("submit", "--by", "An"), ("report",)])
def test_what_does_not_exist_is_said_with_what_does(run: Run, words: tuple[str, ...]) -> None:
    assert "Đang có: chao_ba_con, dem_nguoc_so_ho_khau" in run("campaign", words[0], "khong_co", *words[1:])


def test_a_draft_that_cannot_be_submitted_says_why_in_the_list(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Chưa trình duyệt được" not in run("campaign", "list")
    monkeypatch.setenv("LOA_AS_OF", "2023-02-07")
    assert "Chưa trình duyệt được:\ncontent/campaigns/dem_nguoc_so_ho_khau.yml:7:3: không còn lần gửi nào" in run("campaign", "list")


def test_an_empty_audience_is_pointed_out(run: Run, tmp_path: Path) -> None:
    for step in (("simulate",), ("submit", "--by", "An")):
        assert "dinh_danh_muc_2.yml:2:1: (nhắc) lúc này không có ai" in run("campaign", step[0], "dinh_danh_muc_2", *step[1:])
    run("subscribers", "import", csv(tmp_path, PEOPLE))
    assert "không có ai" not in run("campaign", "simulate", "dinh_danh_muc_2")


def test_a_preview_shows_each_day_of_a_countdown(run: Run) -> None:
    shown = run("campaign", "preview", "dem_nguoc_so_ho_khau", "--channel", "telegram")
    assert all(
        words in shown
        for words in ("mốc 30", "Còn 30 ngày nữa", "mốc 15", "Còn 15 ngày nữa", "Chỉ còn 7 ngày", "Còn 3 ngày nữa", "Hôm nay")
    )


def test_figures_are_checked_and_listed(run: Run, tmp_path: Path) -> None:
    assert "online_rate: 2 nơi" in run(
        "campaign", "figures", csv(tmp_path, 'place,name,value\nunit:vinh-phu,online_rate,4.5\ndistrict:vinh,online_rate,"7,2%"\n')
    )
    said = run("campaign", "figures", csv(tmp_path, "place,name,value\nunit:sai-gon,online_rate,x\n"))
    assert ":2:1:" in said
    assert ":2:1:" in run("campaign", "figures", csv(tmp_path, "place,name,value\ndistrict:vinh,online_rate,nan\n"))


def test_the_check_of_the_content_looks_at_campaigns_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(ROOT / "content", tmp_path / "content"))
    monkeypatch.setenv("LOA_CONTENT_DIR", str(folder))
    assert "chiến dịch." in run("content", "check")
    campaign = folder / "campaigns" / "chao_ba_con.yml"
    campaign.write_text(campaign.read_text().replace("author:", "nguoi_soan:", 1))
    said = run("content", "check")
    assert "content/campaigns/chao_ba_con.yml:" in said and "lỗi. Bản nội dung cũ vẫn đang chạy" in said and "Nội dung đúng" not in said


async def test_a_trial_goes_to_staff_and_waits_when_telegram_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async with BotApi() as api:
        monkeypatch.setenv("LOA_TELEGRAM_TOKEN", api.token)
        monkeypatch.setenv("LOA_TELEGRAM_API_URL", api.url)
        monkeypatch.setenv("LOA_STAFF_CHATS", "telegram:77,telegram:78")
        api.fault("too_many", retry_after=1)
        said = await asyncio.to_thread(run, "campaign", "test", "phong_lua_dao")
        assert "chờ 1 giây" in said and "tới 2 nơi" in said
        assert api.texts(77) == api.texts(78) != []


def test_a_trial_says_where_staff_are_named(run: Run) -> None:
    assert "LOA_STAFF_CHATS" in run("campaign", "test", "phong_lua_dao")


def test_a_broken_file_is_told_in_plain_words_by_every_command(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "content", tmp_path / "content")
    monkeypatch.setenv("LOA_CONTENT_DIR", str(tmp_path / "content"))
    (tmp_path / "content" / "campaigns" / "hong.yml").write_text("id: hong\ntitle: [\n", encoding="utf-8")
    with log_lines() as lines:
        said, listed = run("campaign", "show", "phong_lua_dao"), run("campaign", "list")
    assert "hong.yml:" in said and "./loa campaign list" in said and listed.count("hong.yml:") == 1
    assert "campaigns.rejected" not in lines()
