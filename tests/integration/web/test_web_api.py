"""POST /api/chat: what goes in, what comes out, and what is refused with a kind word."""

import asyncio
import re

import httpx
import pytest
from structlog.testing import capture_logs

from bot.store.database import Database
from bot.web.middleware import BodyLimit
from tests.conftest import until
from tests.integration.web.serving import Web, build
from tests.integration.web.understanding import ANSWER

VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩậắằẵặẹẻếềễệịọỏốồổộớờợụủứừửữựỳỵ]")


async def ask(client: httpx.AsyncClient, **body: object) -> httpx.Response:
    return await client.post("/api/chat", json=body)


async def test_an_answer_comes_with_topic_sources_and_buttons(client: httpx.AsyncClient) -> None:
    reply = (await ask(client, text="làm mức 2 ở đâu")).json()["replies"][0]
    assert reply["topic"] == ANSWER
    assert "công an" in reply["text"]
    assert any("59/2022" in source for source in reply["sources"])
    buttons = [button for row in reply["buttons"] for button in row]
    assert {"text": "👍 Đúng ý", "payload": f"/good {ANSWER}"} in buttons
    assert all(("payload" in button) != ("url" in button) for button in buttons)


async def test_the_server_makes_the_session_and_keeps_to_it(web: Web, client: httpx.AsyncClient) -> None:
    first = (await ask(client, text="làm mức 2 ở đâu")).json()["session"]
    second = (await ask(client, session=first, payload=f"/topic {ANSWER}")).json()["session"]
    assert second == first
    assert [sender for sender, _ in web.understanding.asked] == [f"web:{first}"] * 2
    assert (await ask(client, text="thủ tục")).json()["session"] != first


async def test_a_repeated_attempt_gets_the_same_reply_and_is_handled_once(web: Web, client: httpx.AsyncClient) -> None:
    session = (await ask(client, text="thủ tục")).json()["session"]
    first, second = await asyncio.gather(*(ask(client, session=session, text="làm mức 2 ở đâu", id="a1") for _ in range(2)))
    assert first.json() == second.json()
    assert [text for _, text in web.understanding.asked] == ["thủ tục", "làm mức 2 ở đâu"]


async def test_questions_of_one_session_are_handled_in_order_and_others_do_not_wait(web: Web, client: httpx.AsyncClient) -> None:
    session = (await ask(client, text="thủ tục")).json()["session"]
    web.understanding.gate.clear()
    async with asyncio.TaskGroup() as group:
        for text in ("câu một", "câu hai"):
            group.create_task(ask(client, session=session, text=text))
        group.create_task(ask(client, text="người khác"))
        await until(lambda: len(web.understanding.asked) == 3)
        assert {text for _, text in web.understanding.asked[1:]} == {"câu một", "người khác"}
        web.understanding.gate.set()
    assert web.understanding.asked[3][1] == "câu hai"


async def test_stop_ends_campaign_messages_whatever_rasa_does(web: Web, client: httpx.AsyncClient) -> None:
    session = (await ask(client, text="đồng ý")).json()["session"]
    web.understanding.away = True
    reply = (await ask(client, session=session, text="DUNG")).json()["replies"][0]
    assert reply["text"] == web.turns.library().talk.say("unsubscribed")


async def test_without_rasa_the_menu_and_its_topics_still_answer(web: Web, client: httpx.AsyncClient) -> None:
    web.understanding.away = True
    typed = (await ask(client, text="làm mức 2 ở đâu")).json()["replies"][0]
    assert typed["text"] == web.turns.library().talk.say("degraded")
    assert typed["buttons"][0][0]["payload"].startswith("/menu ")
    assert (await ask(client, payload=f"/topic {ANSWER}")).json()["replies"][0]["topic"] == ANSWER


SESSION = "x" * 32


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{}", "nothing asked"),
        ("[]", "not an object"),
        ("null", "not an object"),
        ("{", "not JSON"),
        ("[" * 8000, "nested too deep for a parser"),
        ('{"text": "a", "payload": "/menu"}', "both"),
        ('{"text": 7}', "a number"),
        ('{"text": ["a"]}', "a list"),
        ('{"text": "a", "hello": 1}', "an unknown key"),
        ('{"text": "   "}', "blank"),
        ('{"text": "\\u0000\\u0007"}', "only control characters"),
        ('{"text": "\\ud800"}', "half of a surrogate pair"),
        ('{"payload": "menu"}', "a payload without slash"),
        ('{"payload": "/' + "a" * 64 + '"}', "a payload over 64"),
        ('{"text": "a", "session": "abc"}', "a session too short"),
        ('{"text": "a", "session": "' + "x" * 31 + '\\n"}', "a session of the right length and a wrong character"),
        ('{"text": "a", "session": 5}', "a session that is a number"),
        ('{"text": "a", "id": "../.."}', "an id of wrong characters"),
    ],
)
async def test_a_malformed_request_is_refused_kindly_and_never_asked(web: Web, client: httpx.AsyncClient, body: str, why: str) -> None:
    response = await client.post("/api/chat", content=body, headers={"Content-Type": "application/json"})
    assert 400 <= response.status_code < 500, why
    assert VIETNAMESE.search(response.json()["message"]), why
    assert set(response.json()) == {"error", "message"}
    assert web.understanding.asked == []


async def test_the_longest_question_is_answered_and_one_longer_is_asked_to_be_shortened(web: Web, client: httpx.AsyncClient) -> None:
    assert (await ask(client, text="đ" * 1500)).status_code == 200
    longer = await ask(client, text="đ" * 1501)
    assert longer.status_code == 422
    assert longer.json() == {"error": "too_long", "message": web.turns.library().talk.say("too_long")}


async def test_a_huge_body_is_refused_announced_or_not(client: httpx.AsyncClient) -> None:
    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(40):
            yield b" " * 1024

    for content in (b" " * 40_000, pieces()):
        response = await client.post("/api/chat", content=content, headers={"Content-Type": "application/json"})
        assert response.status_code == 413
        assert response.json()["error"] == "too_big"


async def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    async def never() -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/chat", "headers": []}
    await BodyLimit(None, larger={}, seconds=0.01)(scope, never, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 408


async def test_without_the_database_the_resident_is_told_to_come_back(library, clock, client_of) -> None:  # type: ignore[no-untyped-def]
    database = Database("postgresql://loa@127.0.0.1:1/nothing")
    response = await ask(client_of(build(library, database, clock)), text="làm mức 2 ở đâu")
    await database.close()
    assert response.status_code == 503
    assert response.json()["message"] == library.talk.say("error")
    assert int(response.headers["retry-after"]) > 0


async def test_an_unforeseen_failure_tells_the_resident_little_and_the_log_nothing_personal(web: Web, client: httpx.AsyncClient) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("số căn cước 040123456789")

    web.turns.understanding.ask = fail  # type: ignore[assignment,method-assign]
    with capture_logs() as lines:
        response = await ask(client, text="số căn cước 040123456789")
    assert response.status_code == 500
    assert response.json()["error"] == "failed"
    assert "web.failed" in [line["event"] for line in lines]
    assert "040123456789" not in str(lines) + response.text


async def test_openapi_describes_the_api_with_examples(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    chat = schema["paths"]["/api/chat"]["post"]
    assert chat["description"]
    assert set(chat["responses"]) >= {"200", "413", "422", "429", "503"}
    assert schema["components"]["schemas"]["ChatRequest"]["examples"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    assert not any(path in schema["paths"] for path in ("/", "/embed"))
    assert (await client.get("/docs")).status_code == 404
