"""Content as a whole: periods, sources, references; and the edit that breaks it."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from bot.content.library import Library, load
from bot.content.live import LiveContent
from bot.dialogue.acts import AnswerTopic
from bot.dialogue.render import Renderer
from bot.errors import ContentError
from bot.settings import ROOT

# docs/reference/content.md: the ids of the topics residents ask about; never renamed.
TOPICS = {"so_ho_khau": 13, "dinh_danh": 22, "can_cuoc": 7, "dich_vu_cong": 19, "an_sinh": 3, "chung": 4}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_every_topic_has_an_answer_with_a_source_on_every_day_that_law_changed(library: Library) -> None:
    assert {group: len(library.in_group(group)) for group in library.groups} == TOPICS
    days = sorted({d for t in library.topics.values() for a in t.answers for d in (a.start, a.until) if d})
    assert len(days) > 20
    for topic in library.topics.values():
        for day in [date(2000, 1, 1), *days, date(2099, 1, 1)]:
            assert topic.answer_on(day).sources


def test_the_paper_book_is_valid_until_the_last_minute_of_2022(library: Library) -> None:
    topic = library.topics["so_ho_khau/het_gia_tri"]
    assert "dùng được" in topic.answer_on(date(2022, 12, 31)).short
    assert "hết giá trị" in topic.answer_on(date(2023, 1, 1)).short


def test_button_texts_fit_a_payload_and_a_phone(library: Library) -> None:
    for topic in library.topics.values():
        assert len(f"/topic {topic.id}".encode()) <= 64
        assert len(topic.title) <= 30


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("faq/chung.yml", "doc: c06", "doc: c99", 'không có văn bản nào tên "c99"'),
        ("faq/so_ho_khau.yml", "until: 2022-12-31", "until: 2022-12-30", "bỏ trống từ 31/12/2022"),
        ("faq/so_ho_khau.yml", "until: 2022-12-31", "until: 2023-01-05", "chồng lên giai đoạn trước"),
        ("faq/chung.yml", "related: [", "related: [chung/khong_co, ", 'không có câu nào tên "chung/khong_co"'),
        ("talk.yml", "greet: |-", "hello: |-", 'thiếu câu "greet"'),
        ("talk.yml", "ở {place}.", "ở {noi}.", "dùng {noi}"),
    ],
)
def test_a_broken_reference_is_reported_with_its_file(copy: Path, file: str, old: str, new: str, says: str) -> None:
    edit(copy / file, old, new)
    with pytest.raises(ContentError) as caught:
        load(copy)
    assert any(says in str(problem) and problem.file == f"content/{file}" for problem in caught.value.problems), caught.value


def test_a_broken_edit_keeps_the_last_good_version_live_and_is_shown(copy: Path) -> None:
    live = LiveContent(copy)
    before = live.current
    edit(copy / "faq/chung.yml", "short: ", "sort: ")
    assert live.refresh() is False
    assert live.current is before and live.problems
    edit(copy / "faq/chung.yml", "sort: ", "short: ĐÃ SỬA. ")
    assert live.refresh() is True
    assert live.problems == []
    assert any("ĐÃ SỬA" in answer.short for topic in live.current.topics.values() for answer in topic.answers)


def test_an_unchanged_folder_is_not_read_again(copy: Path) -> None:
    live = LiveContent(copy)
    before = live.current
    assert live.refresh() is False and live.current is before


def test_an_edited_picture_is_another_picture(copy: Path) -> None:
    """Its bytes are part of the key that uploads are remembered by, and an edit of nothing else is noticed."""
    (copy / "media" / "a.png").write_bytes(b"old")
    edit(copy / "faq" / "chung.yml", "    related:", "    media: {photo: a.png}\n    related:")
    live = LiveContent(copy)

    def key() -> str:
        topic = next(topic for topic in live.current.topics.values() if topic.media)
        [media] = Renderer(live.current, date(2023, 1, 1)).answer(AnswerTopic(act="answer", topic=topic.id)).media
        return media.key

    before = key()
    assert before.startswith("a.png:")
    (copy / "media" / "a.png").write_bytes(b"newer")
    assert live.refresh() and key() != before
