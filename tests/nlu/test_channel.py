"""The HTTP contract of docs/reference/acts.md."""

import http.client
import json

import pytest

from nlu.channel import BadTurn, checked

GOOD = {"sender": "web:1", "text": "xin chào", "today": "2022-11-07"}
BAD = [
    b"", b"not json", b"[]", b'"text"', json.dumps({**GOOD, "extra": 1}).encode(), json.dumps({"sender": "a", "text": "b"}).encode(),
    json.dumps({**GOOD, "sender": ""}).encode(), json.dumps({**GOOD, "sender": "x" * 129}).encode(), json.dumps({**GOOD, "text": 5}).encode(),
    json.dumps({**GOOD, "text": "  "}).encode(), json.dumps({**GOOD, "text": "x" * 4001}).encode(), json.dumps({**GOOD, "today": "hôm nay"}).encode(),
    json.dumps({**GOOD, "today": "2022-02-30"}).encode(), json.dumps({**GOOD, "today": "20221107"}).encode(), b"\xff\xfe",
]  # fmt: skip


@pytest.mark.parametrize("body", BAD)
def test_malformed_turns_are_refused(body: bytes) -> None:
    with pytest.raises(BadTurn):
        checked(body)


def test_the_longest_turn_is_taken() -> None:
    assert checked(json.dumps({**GOOD, "sender": "x" * 128, "text": "ơ" * 4000}).encode()).text == "ơ" * 4000


def test_malformed_turns_get_400_with_a_reason(server) -> None:
    status, reply = server.request("POST", "/webhooks/loa/webhook", b"{}")
    assert status == 400 and reply["error"]


def test_health_names_the_model(server, model) -> None:
    assert server.request("GET", "/webhooks/loa/health") == (200, {"ready": True, "model": model.name})


def test_understood_has_the_contract_s_shape(server) -> None:
    understood = server.turn("shape", "đăng ký mức 2 ở xã Nghi Phú thì đến đâu")["understood"]
    assert set(understood) == {"decision", "topic", "intent", "confidence", "ranking", "entities"}
    assert understood["decision"] == "answer" and understood["topic"] == "dinh_danh/o_dau" and 0.8 <= understood["confidence"] <= 1
    assert len(understood["ranking"]) == 5 and understood["ranking"][0]["topic"] == "dinh_danh/o_dau"
    assert {"entity": "place", "value": "commune:vinh/nghi-phu", "start": 16, "end": 27} in understood["entities"]


@pytest.mark.parametrize("path", ["/model/parse", "/conversations/web:1/tracker", "/webhooks/rest/webhook"])
def test_only_our_channel_is_served(server, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", path, b"{}")
    assert connection.getresponse().status == 404
    connection.close()


def test_nothing_a_resident_says_is_printed(server) -> None:
    for text in ("tôi là Trần Thị Bí Mật, số 0912345678", "/Bí Mật{", "huyện Bí Mật ở mô"):
        server.turn("kin-dao", text)
    printed = server.output.read_text(errors="replace")
    assert "Mật" not in printed and "0912345678" not in printed and "kin-dao" not in printed
