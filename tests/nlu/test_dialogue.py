"""Conversations with a real Rasa: what residents say, and the acts that follow."""

import json
import uuid
from pathlib import Path

import pytest

SAMPLES = sorted((Path(__file__).parents[2] / "docs" / "reference" / "acts").glob("*.json"))


@pytest.fixture
def sender() -> str:
    return f"test:{uuid.uuid4()}"


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_sample_turns_hold(server, sender: str, path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    for turn in sample["turns"]:
        assert server.acts(sender, turn["text"], sample["today"]) == turn["acts"], turn["text"]


def test_a_follow_up_without_a_subject_is_asked_back(server, sender: str) -> None:
    (act,) = server.acts(sender, "thế mất bao lâu?")
    assert act["act"] == "clarify" and 1 <= len(act["topics"]) <= 3


def test_conversations_do_not_share_a_subject(server, sender: str) -> None:
    server.acts(sender, "làm hộ chiếu thế nào")
    (act,) = server.acts(sender + "-other", "còn lệ phí?")
    assert act["act"] == "clarify"


def test_age_decides_the_part_that_goes_first(server, sender: str) -> None:
    (act,) = server.acts(sender, "con tôi 12 tuổi có đăng ký định danh mức 2 được không")
    assert act["topic"] == "dinh_danh/do_tuoi" and act["entities"]["age"] == "12"


def test_a_year_of_birth_counts_as_of_today(server, sender: str) -> None:
    ages = [
        entity["value"]
        for today in ("2022-11-07", "2026-01-05")
        for entity in server.turn(sender, "cháu sinh năm 2010 làm căn cước được chưa", today)["understood"]["entities"]
        if entity["entity"] == "age"
    ]
    assert ages == ["12", "16"]


def test_no_to_a_clarification_is_none_of_these(server, sender: str) -> None:
    server.acts(sender, "thế mất bao lâu?")
    assert server.acts(sender, "không phải") == [{"act": "talk", "kind": "none_of_these"}]


def test_another_flow_takes_nothing_over(server, sender: str) -> None:
    server.acts(sender, "/checklist")
    server.acts(sender, "tôi 40 tuổi, ở xã Nghi Phú")
    assert server.acts(sender, "/subscribe") == [{"act": "ask", "flow": "subscribe", "slot": "consent"}]
    assert server.acts(sender, "/yes") == [{"act": "ask", "flow": "subscribe", "slot": "place"}]


def test_what_is_said_at_the_start_is_not_asked_again(server, sender: str) -> None:
    server.acts(sender, "/cancel")
    acts = server.acts(sender, "kiểm tra giúp số 0912345678 có phải lừa đảo không")
    assert acts == [{"act": "scam_check", "links": [], "phones": ["0912345678"]}]


@pytest.mark.parametrize("flow", ["subscribe", "unsubscribe", "mydata", "checklist", "where", "scam"])
def test_whatever_is_said_in_a_flow_gets_a_reply(server, sender: str, flow: str) -> None:
    for said in one_of_each_kind():
        assert server.acts(sender, f"/{flow}")
        assert server.acts(sender, said), f"nothing said to {said!r}"
        server.acts(sender, "/cancel")


def one_of_each_kind() -> list[str]:
    """The first line of each intent of talk in the development set, a question, one that is not ours, and keys hit at random."""
    lines = (Path(__file__).parent / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    firsts: dict[str, str] = {}
    for line in map(json.loads, lines):
        firsts.setdefault(line["topic"] if line["topic"].startswith("talk/") else line["topic"].partition("/")[0], line["text"])
    return [*firsts.values(), "asdkjh qwe"]


def test_a_flow_asked_for_again_asks_its_question_again(server, sender: str) -> None:
    server.acts(sender, "/subscribe")
    assert server.acts(sender, "tôi muốn đăng ký nhận tin") == [{"act": "ask", "flow": "subscribe", "slot": "consent"}]


def test_who_deletes_their_data_has_said_nothing(server, sender: str) -> None:
    server.acts(sender, "làm hộ chiếu thế nào")
    server.acts(sender, "/mydata")
    server.acts(sender, "/delete")
    assert server.acts(sender, "/yes") == [{"act": "my_data", "op": "delete"}]
    (act,) = server.acts(sender, "còn lệ phí?")
    assert act["act"] == "clarify"


def test_small_talk_in_a_flow_is_answered_and_the_flow_goes_on(server, sender: str) -> None:
    server.acts(sender, "/where")
    assert server.acts(sender, "cảm ơn bạn nhé")[1] == {"act": "resume", "flow": "where", "slot": "place"}


def test_an_unknown_payload_does_no_harm(server, sender: str) -> None:
    for text in ("/topic khong/co", "/restart", '/faq{"topic":"x"}', "/slot{}", "/place xyz", "/", "/" * 300):
        assert server.turn(sender, text)["acts"], text


def test_the_same_message_understood_at_the_thousandth_turn_as_at_the_first(server, sender: str) -> None:
    first = server.acts(sender, "lệ phí làm căn cước bao nhiêu")
    for _ in range(60):
        server.acts(sender, "/menu")
    assert server.acts(sender, "lệ phí làm căn cước bao nhiêu") == first
