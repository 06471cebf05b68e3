"""The sets understanding is measured with are not what it was learned from."""

import collections
import json
import re
from pathlib import Path

import pytest

from nlu.examples import load_examples, load_topics
from vietnamese import fold, normalise

SETS = ("dev", "dev2", "dev3", "test")


def spelled(text: str) -> str:
    """However it is typed: without marks, shorthand or punctuation."""
    return re.sub(r"[^a-z0-9]+", " ", fold(normalise(text))).strip()


def lines(name: str) -> "list[dict[str, str]]":
    return [json.loads(line) for line in (Path(__file__).parent / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", SETS)
def test_no_line_is_a_training_example_typed_another_way(name: str) -> None:
    learned = {spelled(example.text) for example in load_examples()}
    # A thumb, a row of dots and a single letter look like any other.
    assert [line["text"] for line in lines(name) if len(spelled(line["text"])) > 1 and spelled(line["text"]) in learned] == []


@pytest.mark.parametrize("name", SETS)
def test_every_topic_is_asked_often_enough(name: str) -> None:
    counts = collections.Counter(line["topic"] for line in lines(name))
    assert {topic["id"]: counts[topic["id"]] for topic in load_topics() if counts[topic["id"]] < 5} == {}
    assert counts["oos"] >= 80
