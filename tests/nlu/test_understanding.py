"""What the trained pipeline makes of the development set, and the pieces that decide."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nlu.augment import copies
from nlu.decision import Thresholds, decide
from nlu.examples import load_examples
from nlu.fingerprint import fingerprint
from nlu.model import Scored
from nlu.parse import Parser
from nlu.questions import asking_sentences, questions

ROOT = Path(__file__).parents[2]
DEV = [json.loads(line) for line in (ROOT / "tests" / "nlu" / "dev.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def parsed(model: Path) -> "list[dict]":
    return Parser(str(model)).parse([line["text"] for line in DEV])


def share(hits: "list[bool]") -> float:
    return sum(hits) / len(hits)


def _in_scope(parsed):
    return [
        (line["topic"], result)
        for line, result in zip(DEV, parsed, strict=True)
        if "/" in line["topic"] and not line["topic"].startswith("talk/")
    ]


def test_first_choice_is_right(parsed) -> None:
    assert share([result["ranking"][0]["topic"] == topic for topic, result in _in_scope(parsed)]) >= 0.95


def test_three_choices_hold_the_right_one(parsed) -> None:
    assert share([topic in [r["topic"] for r in result["ranking"][:3]] for topic, result in _in_scope(parsed)]) >= 0.985


def test_no_register_is_left_behind(parsed) -> None:
    hits: dict[str, list[bool]] = {}
    for line, result in zip(DEV, parsed, strict=True):
        if "/" in line["topic"] and not line["topic"].startswith("talk/"):
            hits.setdefault(line["register"], []).append(result["ranking"][0]["topic"] == line["topic"])
    assert all(share(each) >= share(hits["formal"]) - 0.045 for each in hits.values())


def test_answers_are_right(parsed) -> None:
    answered = [line["topic"] == result["topic"] for line, result in zip(DEV, parsed, strict=True) if result["decision"] == "answer"]
    assert share(answered) >= 0.97


def test_questions_that_are_not_ours_are_not_answered(parsed) -> None:
    assert share([result["decision"] != "answer" for line, result in zip(DEV, parsed, strict=True) if line["topic"] == "oos"]) >= 0.93


def test_our_questions_are_not_refused(parsed) -> None:
    assert share([result["decision"] in ("out_of_scope", "talk") for _, result in _in_scope(parsed)]) <= 0.02


def test_confidence_means_what_it_says(parsed) -> None:
    """Expected calibration error over ten bins, on questions in and out of scope."""
    pairs = [
        (result["confidence"], (result["ranking"][0]["topic"] if result["decision"] != "out_of_scope" else "oos") == line["topic"])
        for line, result in zip(DEV, parsed, strict=True)
        if not line["topic"].startswith("talk/") and result["decision"] in ("answer", "clarify")
    ]
    error = 0.0
    for low in range(10):
        inside = [(sure, right) for sure, right in pairs if low / 10 < sure <= (low + 1) / 10]
        if inside:
            error += len(inside) / len(pairs) * abs(share([r for _, r in inside]) - sum(s for s, _ in inside) / len(inside))
    assert error <= 0.05


def test_parse_reads_lines_in_order_and_fast(model: Path) -> None:
    texts = ["đăng ký mức 2 ở đâu", "", "giá vàng hôm nay", *(line["text"].replace("\n", " ") for line in DEV[:300])]
    command = subprocess.run(
        [sys.executable, "-m", "nlu.parse"], cwd=ROOT, input="\n".join(texts) + "\n", capture_output=True, text=True, check=True
    )
    results = [json.loads(line) for line in command.stdout.splitlines()]
    assert [result["text"] for result in results] == texts
    assert set(results[0]) == {"text", "decision", "topic", "confidence", "ranking", "intent", "entities"}
    assert (results[0]["decision"], results[0]["topic"]) == ("answer", "dinh_danh/o_dau")
    assert results[2]["decision"] == "out_of_scope" and results[2]["topic"] is None


def test_a_hundred_lines_a_second(model: Path) -> None:
    parser = Parser(str(model))
    texts = [line["text"] for line in DEV[:256]]
    started = time.process_time()
    for at in range(0, len(texts), 64):
        parser.parse(texts[at : at + 64])
    assert len(texts) / (time.process_time() - started) >= 100


def test_training_is_skipped_when_nothing_changed(model: Path) -> None:
    command = subprocess.run([sys.executable, "-m", "nlu.train"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "still fits" in command.stdout and fingerprint() in command.stdout


def test_no_example_has_two_labels() -> None:
    seen: dict[str, str] = {}
    assert [example for example in load_examples() if seen.setdefault(example.text, example.label) != example.label] == []


def test_copies_always_differ_and_repeat_for_a_seed() -> None:
    made = [copies("Đăng ký thường trú cần giấy tờ gì", random.Random(seed), 3) for seed in (1, 1)]
    assert made[0] == made[1] and "Đăng ký thường trú cần giấy tờ gì" not in made[0]


def test_the_asking_sentences_of_a_story_are_found() -> None:
    story = "Nhà tôi ở Diễn Châu, hôm qua bố tôi đi chợ về thì phát hiện mất ví. Trong ví có thẻ căn cước. Giờ làm lại thẻ ở đâu? Cảm ơn."
    assert asking_sentences(story) == ["Giờ làm lại thẻ ở đâu?"]
    assert asking_sentences("làm thẻ ở đâu") == []


def test_without_a_question_mark_the_sentence_that_wishes_to_know_is_found() -> None:
    story = (
        "Hôm qua loa phường đọc cái gì mà sổ giấy sắp bỏ, mẹ em nghe câu được câu chăng. Em chỉ muốn biết đến hôm nào thì hết dùng được. "
        "Biết để còn trấn an bà."
    )
    assert asking_sentences(story) == ["Em chỉ muốn biết đến hôm nào thì hết dùng được."]


def test_a_question_mark_counts_before_words_and_a_greeting_does_not_count() -> None:
    story = (
        "Loa ơi có ai không? Mẹ tôi 78 tuổi, chân yếu, mấy năm nay không ra khỏi xóm được, nghe nói làm ở nhà cũng được. "
        "Hàng xóm bảo phải lên huyện, tôi chưa biết tin ai. Công an có về tận nhà làm thẻ cho cụ không ạ?"
    )
    assert asking_sentences(story) == ["Công an có về tận nhà làm thẻ cho cụ không ạ?"]


def test_several_questions_are_told_apart() -> None:
    assert questions("Làm mức 2 ở đâu? Mang theo gì?") == ["Làm mức 2 ở đâu?", "Mang theo gì?"]
    assert questions("làm mức 2 ở đâu") == []


def scored(label: str, confidence: float, foreign: float) -> Scored:
    return Scored((label, "a/b", "out_of_scope"), (0.8, 0.15, 0.05), confidence, foreign)


@pytest.mark.parametrize(
    ("label", "confidence", "foreign", "decision"),
    [
        ("dinh_danh/o_dau", 0.9, 0.1, "answer"),
        ("dinh_danh/o_dau", 0.6, 0.1, "clarify"),
        ("dinh_danh/o_dau", 0.6, 0.7, "out_of_scope"),
        ("talk/greet", 0.9, 0.1, "talk"),
    ],
)
def test_decides(label: str, confidence: float, foreign: float, decision: str) -> None:
    assert decide(scored(label, confidence, foreign), Thresholds()).decision == decision
