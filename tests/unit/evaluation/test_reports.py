"""The report as terminal text, JSON and page."""

import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from bot.evaluation.machine import as_json
from bot.evaluation.measures import Evaluation, evaluate
from bot.evaluation.page import page
from bot.evaluation.tables import show

A, B = "so_ho_khau/het_gia_tri", "dinh_danh/o_dau"


@pytest.fixture
def report(made) -> Evaluation:
    return evaluate(
        [
            made(A, (A, B)),
            made(A, (B, A), text="<b>sổ</b> hết hạn & chưa?"),
            made(B, (B,), register="typos", confidence=0.3),
            made("oos", (A,), "out_of_scope"),
            made("talk/greet", ("talk/greet",), "talk", intent="greet"),
        ]
    )


def test_the_terminal_shows_each_goal_as_met_or_missed(report: Evaluation) -> None:
    out = io.StringIO()
    show(Console(file=out, width=100), report)
    text = out.getvalue()
    assert re.search(r"first choice\s.*≥ 93 %.*66\.7 %.*missed", text)
    assert re.search(r"out of scope refused.*100\.0 %.*met", text)
    assert f"1 × {A} taken for {B}" in text
    assert "<b>sổ</b> hết hạn & chưa?" in text


def test_machines_get_the_same_figures(report: Evaluation) -> None:
    read = json.loads(json.dumps(as_json(report, "set.jsonl"), ensure_ascii=False))
    assert read["questions"] == 5
    assert read["measures"]["first_choice"]["figure"] == pytest.approx(200 / 3)
    assert read["measures"]["first_choice"]["verdict"] == "missed"
    assert read["confusions"] == [{"asked": A, "taken": B, "texts": ["<b>sổ</b> hết hạn & chưa?"]}]
    assert sum(each["count"] for each in read["reliability"]) == 5


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]


def test_the_page_is_self_contained_and_escapes_what_residents_wrote(report: Evaluation) -> None:
    html = page(report, "set.jsonl")
    read = _Page()
    read.feed(html)
    assert read.tags.count("svg") == 3
    assert "&lt;b&gt;sổ&lt;/b&gt; hết hạn &amp; chưa?" in html
    assert not {"script", "link", "img", "b"} & set(read.tags)
    assert all(link.startswith("#") for link in read.links)


def test_the_same_outcomes_give_the_same_page(report: Evaluation) -> None:
    assert page(report, "set.jsonl") == page(report, "set.jsonl")


def test_a_set_without_in_scope_questions_still_gives_a_page(made) -> None:
    read = _Page()
    read.feed(page(evaluate([made("oos", (), "out_of_scope")]), "set.jsonl"))
    assert read.tags.count("svg") == 3
