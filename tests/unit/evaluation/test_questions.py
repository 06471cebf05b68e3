"""Reading labelled questions."""

from pathlib import Path

import pytest

from bot.content.library import Library
from bot.evaluation.questions import QuestionsError, known_labels, load_questions
from bot.settings import ROOT

LABELS = {"dinh_danh/o_dau", "oos", "talk/greet"}
GOOD = '{"text": "làm mức 2 ở đâu", "topic": "dinh_danh/o_dau", "register": "casual"}'


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_questions_come_in_file_order_and_blank_lines_do_not_count(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, "", '{"text": "giá vàng", "topic": "oos", "register": "typos"}')
    questions = load_questions(path, LABELS)
    assert [(q.text, q.in_scope, q.out_of_scope) for q in questions] == [("làm mức 2 ở đâu", True, False), ("giá vàng", False, True)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{text: 1}", "not JSON"),
        ("[]", "expected exactly"),
        ('{"text": "a", "topic": "oos"}', "expected exactly"),
        ('{"text": "a", "topic": "oos", "register": "formal", "note": "b"}', "expected exactly"),
        ('{"text": " ", "topic": "oos", "register": "formal"}', "must be strings that are not empty"),
        ('{"text": 7, "topic": "oos", "register": "formal"}', "must be strings that are not empty"),
        ('{"text": "a", "topic": "dinh_danh/o_dauu", "register": "formal"}', "unknown topic 'dinh_danh/o_dauu'"),
        ('{"text": "a", "topic": "talk/gret", "register": "formal"}', "unknown topic 'talk/gret'"),
    ],
)
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, GOOD, line)
    with pytest.raises(QuestionsError) as raised:
        load_questions(path, LABELS)
    assert str(raised.value).startswith(f"{path}:2: ")
    assert said in str(raised.value)


def test_every_bad_line_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError) as raised:
        load_questions(written(tmp_path, "x", GOOD, "y"), LABELS)
    assert [line.split(":")[1] for line in str(raised.value).splitlines()] == ["1", "3"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe"])
def test_a_file_without_questions_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(content)
    with pytest.raises(QuestionsError, match=r"set\.jsonl"):
        load_questions(path, LABELS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match=r"nowhere\.jsonl: cannot be read"):
        load_questions(tmp_path / "nowhere.jsonl", LABELS)


@pytest.mark.parametrize("name", ["dev.jsonl", "test.jsonl"])
def test_our_own_sets_are_labelled_with_what_exists(library: Library, name: str) -> None:
    labels = known_labels(library.topics.keys(), ROOT / "domain.yml")
    questions = load_questions(ROOT / "tests" / "nlu" / name, labels)
    asked = {question.topic for question in questions if question.in_scope}
    assert asked == set(library.topics)
    assert sum(question.out_of_scope for question in questions) >= 80
