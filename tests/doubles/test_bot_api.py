"""The double itself: what it refuses, in whose words, and that its evidence is true. Driven by a plain HTTP client."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.doubles.bot_api import BotApi
from tests.doubles.bot_api_parts.markup import parse_html

CHAT, GROUP = 42, -77


class Client:
    def __init__(self, api: BotApi, session: aiohttp.ClientSession):
        self.api, self._session = api, session

    async def __call__(self, method: str, **params: Any) -> tuple[int, Any]:
        data = {key: json.dumps(value) if isinstance(value, (list, dict)) else str(value) for key, value in params.items()}
        async with self._session.post(f"{self.api.url}/bot{self.api.token}/{method}", data=data) as answer:
            return answer.status, await answer.json(content_type=None)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with BotApi() as api, aiohttp.ClientSession() as session:
        yield Client(api, session)


@pytest.mark.parametrize(
    "params, status, words",
    [
        ({"text": "a" * 4096}, 200, ""),
        ({"text": "a" * 4097}, 400, "Bad Request: message is too long"),
        ({"text": "👍" * 2049}, 400, "Bad Request: message is too long"),
        ({"text": "<i>" + "a" * 4096 + "</i>", "parse_mode": "HTML"}, 200, ""),
        ({"text": "   "}, 400, "Bad Request: message text is empty"),
        ({"text": "a <b", "parse_mode": "HTML"}, 400, "Bad Request: can't parse entities: Unclosed start tag at byte offset 2"),
        ({"text": "ạ <x>", "parse_mode": "HTML"}, 400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 4'),
        (
            {"text": "<b>a", "parse_mode": "HTML"},
            400,
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            {"text": "<b>a</i>", "parse_mode": "HTML"},
            400,
            'Bad Request: can\'t parse entities: Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ({"text": "a</i>", "parse_mode": "HTML"}, 400, "Bad Request: can't parse entities: Unexpected end tag at byte offset 1"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "ộ" * 22}]]}},
            400,
            "Bad Request: BUTTON_DATA_INVALID",
        ),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "a" * 64}]]}}, 200, ""),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "a"}]] * 101}},
            400,
            "Bad Request: REPLY_MARKUP_TOO_LONG",
        ),
    ],
)
async def test_refuses_messages_over_telegrams_limits(client: Client, params: dict[str, Any], status: int, words: str) -> None:
    found, body = await client("sendMessage", chat_id=CHAT, **params)
    assert (found, body.get("description", "")) == (status, words)
    assert len(client.api.delivered(CHAT)) == (status == 200)


PHOTO = {"type": "photo", "media": "attach://a"}


@pytest.mark.parametrize(
    "media, words",
    [
        (None, 'parameter "media" is required'),
        ("[{", "can't parse media JSON object"),
        ({"type": "photo"}, "expected an Array of InputMedia"),
        ([], "there are no messages to send"),
        ([PHOTO], "too few messages to send as an album"),
        ([PHOTO] * 11, "too many messages to send as an album"),
        ([PHOTO, {"type": "photo", "media": "attach://b"}], "can't parse InputMedia: media not found"),
        ([PHOTO, {"type": "photo", "media": "nonsense"}], "wrong file identifier/HTTP URL specified"),
        ([{"type": "document", "media": "attach://a"}, PHOTO], "document can't be mixed with other media types"),
        ([{"type": "sticker", "media": "attach://a"}, PHOTO], 'can\'t parse InputMedia: type "sticker" is unsupported'),
        ([{**PHOTO, "caption": "a" * 1025}, PHOTO], "message caption is too long"),
    ],
)
async def test_an_album_is_refused_as_by_telegram(client: Client, media: Any, words: str) -> None:
    api = client.api
    status, body = await _album(api, media)
    assert (status, body["description"]) == (400, f"Bad Request: {words}")
    assert not api.delivered(CHAT) and not api.messages(CHAT)


async def test_an_album_is_several_messages_of_one_group_without_a_keyboard(client: Client) -> None:
    api = client.api
    status, body = await _album(api, [{**PHOTO, "caption": "<b>hai</b>", "parse_mode": "HTML"}, PHOTO])
    assert status == 200 and len(body["result"]) == 2 and body["result"][0]["caption"] == "hai"
    assert len({message["media_group_id"] for message in api.messages(CHAT)}) == 1
    assert not any("reply_markup" in message for message in api.messages(CHAT))


async def _album(api: BotApi, media: Any) -> tuple[int, Any]:
    form = aiohttp.FormData({"chat_id": str(CHAT), "reply_markup": '{"inline_keyboard": [[{"text": "x", "callback_data": "a"}]]}'})
    form.add_field("a", b"PNG", filename="a.png")
    if media is not None:
        form.add_field("media", media if isinstance(media, str) else json.dumps(media))
    async with aiohttp.ClientSession() as session, session.post(f"{api.url}/bot{api.token}/sendMediaGroup", data=form) as answer:
        return answer.status, await answer.json()


async def test_html_is_resolved_to_text_and_entities_in_utf16_units() -> None:
    text, entities = parse_html("👍 a &lt; b &amp; <i>c&nbsp;</i> &#7853;")
    assert text == "👍 a < b & c&nbsp; ậ"
    assert entities == [{"type": "italic", "offset": 11, "length": 7}]


@pytest.mark.parametrize(
    "reach, status, words",
    [
        ("blocked", 403, "Forbidden: bot was blocked by the user"),
        ("deactivated", 403, "Forbidden: user is deactivated"),
        ("never_started", 403, "Forbidden: bot can't initiate conversation with a user"),
        ("not_found", 400, "Bad Request: chat not found"),
    ],
)
async def test_unreachable_people_are_refused_in_telegrams_words(client: Client, reach: Any, status: int, words: str) -> None:
    client.api.reach(CHAT, reach)
    assert await client("sendMessage", chat_id=CHAT, text="x") == (status, {"ok": False, "error_code": status, "description": words})


async def test_a_migrated_group_names_its_new_id(client: Client) -> None:
    client.api.migrate(GROUP, -1001)
    status, body = await client("sendMessage", chat_id=GROUP, text="x")
    assert status == 400 and body["parameters"] == {"migrate_to_chat_id": -1001}


async def test_a_wrong_token_is_unauthorized(client: Client) -> None:
    client.api.token = "1:other"
    async with aiohttp.ClientSession() as session, session.post(f"{client.api.url}/bot2:mine/getMe") as answer:
        assert answer.status == 401 and (await answer.json())["description"] == "Unauthorized"


async def test_updates_stay_until_the_next_offset_confirms_them(client: Client) -> None:
    first, second = client.api.say(CHAT, "một"), client.api.say(CHAT, "hai")
    for _ in range(2):
        _, body = await client("getUpdates", timeout=0)
        assert [update["update_id"] for update in body["result"]] == [first["update_id"], second["update_id"]]
    _, body = await client("getUpdates", timeout=0, offset=second["update_id"])
    assert [update["message"]["text"] for update in body["result"]] == ["hai"]
    assert client.api.updates.confirmed == [first["update_id"]]


async def test_a_long_poll_answers_as_soon_as_something_is_said(client: Client) -> None:
    poll = asyncio.create_task(client("getUpdates", timeout=50))
    await client.api.until(lambda: client.api.updates.polls)
    client.api.say(CHAT, "/hoi@LoaThuBot gì")
    _, body = await asyncio.wait_for(poll, 5)
    assert body["result"][0]["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 14}]


async def test_a_second_poller_ends_the_first_with_409(client: Client) -> None:
    first = asyncio.create_task(client("getUpdates", timeout=50))
    await client.api.until(lambda: client.api.updates.polls)
    second = asyncio.create_task(client("getUpdates", timeout=50))
    status, body = await asyncio.wait_for(first, 5)
    assert status == 409 and body["description"].startswith("Conflict: terminated by other getUpdates request")
    second.cancel()


async def test_a_webhook_gets_each_chat_in_order_with_the_secret_and_repeats_what_fails(client: Client) -> None:
    seen: list[tuple[int, str]] = []

    async def bot(request: web.BaseRequest) -> web.Response:
        assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "s3cret" and request.headers["Content-Type"] == "application/json"
        update = await request.json()
        seen.append((update["message"]["chat"]["id"], update["message"]["text"]))
        return web.Response(status=500 if seen.count(seen[-1]) < 3 and update["message"]["text"] == "một" else 200)

    server = await asyncio.get_running_loop().create_server(web.Server(bot), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await client("setWebhook", url=f"http://127.0.0.1:{port}/hook", secret_token="s3cret")
    for chat, text in ((1, "một"), (1, "hai"), (2, "riêng")):
        client.api.say(chat, text)
    await client.api.until(lambda: len(client.api.updates.confirmed) == 3)
    assert [text for chat, text in seen if chat == 1] == ["một", "một", "một", "hai"]
    assert (await client("getUpdates", timeout=0))[0] == 409
    server.close()


@pytest.mark.parametrize(
    "kind, details, delivered, expected",
    [
        ("too_many", {"retry_after": 7}, 0, 429),
        ("error", {"status": 500}, 0, 500),
        ("bad_gateway", {}, 0, 502),
        ("bad_gateway", {"deliver": True}, 1, 502),
        ("deliver_close", {}, 1, aiohttp.ServerDisconnectedError),
        ("close", {}, 0, aiohttp.ServerDisconnectedError),
        ("deliver_late", {}, 1, TimeoutError),
        ("torn", {}, 1, aiohttp.ClientPayloadError),
        ("slow_loris", {}, 1, TimeoutError),
        ("slow_loris", {"drip": 0.0001}, 1, 200),
    ],
)
async def test_faults_strike_once_and_the_evidence_says_what_was_delivered(
    kind: str, details: dict[str, Any], delivered: int, expected: Any
) -> None:
    async with BotApi() as api, aiohttp.ClientSession() as session:
        url = f"{api.url}/bot{api.token}/sendMessage"
        api.fault(kind, chat=CHAT, **details)
        send = session.post(
            url, data={"chat_id": CHAT, "text": "x"}, timeout=aiohttp.ClientTimeout(total=0.2 if expected is TimeoutError else 5)
        )
        if isinstance(expected, int):
            async with send as answer:
                assert answer.status == expected
                await answer.read()
        else:
            with pytest.raises(expected):
                async with send as answer:
                    await answer.read()
        assert len(api.delivered(CHAT)) == len(api.texts(CHAT)) == delivered
        async with session.post(url, data={"chat_id": CHAT, "text": "y"}) as answer:
            assert answer.status == 200


async def test_with_a_lag_the_resident_has_it_before_the_bot_knows() -> None:
    async with BotApi() as api, aiohttp.ClientSession() as session:
        api.lag(3600)
        url, data = f"{api.url}/bot{api.token}/sendMessage", {"chat_id": CHAT, "text": "x"}
        with pytest.raises(TimeoutError):
            await session.post(url, data=data, timeout=aiohttp.ClientTimeout(total=0.2))
        assert api.texts(CHAT) == ["x"]


async def test_too_fast_is_refused_for_everybody_until_the_wait_is_over() -> None:
    now = [1000.0]
    async with BotApi(rates=True, clock=lambda: now[0]) as api, aiohttp.ClientSession() as session:
        client = Client(api, session)
        statuses = [(await client("sendMessage", chat_id=chat, text="x"))[0] for chat in range(1, 32)]
        assert statuses == [200] * 30 + [429]
        assert (await client("sendMessage", chat_id=99, text="an answer"))[0] == 429
        now[0] += 1
        assert (await client("sendMessage", chat_id=99, text="an answer"))[0] == 200
        assert (await client("sendMessage", chat_id=99, text="again"))[1]["parameters"] == {"retry_after": 1}
        assert api.highest() == {"overall": 30, "chat": 1, "group": 0, "refused": 3, "impatient": 1}


async def test_files_are_reused_by_id_within_their_kind(client: Client) -> None:
    form = aiohttp.FormData({"chat_id": str(CHAT)})
    form.add_field("photo", b"\x89PNG", filename="a.png")
    async with aiohttp.ClientSession() as session, session.post(f"{client.api.url}/bot{client.api.token}/sendPhoto", data=form) as answer:
        file_id = (await answer.json())["result"]["photo"][-1]["file_id"]
    assert (await client("sendPhoto", chat_id=CHAT, photo=file_id))[0] == 200
    assert (await client("sendDocument", chat_id=CHAT, document=file_id))[1]["description"].startswith(
        "Bad Request: can't use file of type"
    )
    assert (await client("sendPhoto", chat_id=CHAT, photo="AgAC-unknown"))[1][
        "description"
    ] == "Bad Request: wrong file identifier/HTTP URL specified"


async def test_a_callback_is_answered_once(client: Client) -> None:
    await client(
        "sendMessage", chat_id=CHAT, text="x", reply_markup={"inline_keyboard": [[{"text": "Ở đâu?", "callback_data": "/topic a/b"}]]}
    )
    query = client.api.press(CHAT, "Ở đâu?")["callback_query"]
    assert query["data"] == "/topic a/b"
    assert (await client("answerCallbackQuery", callback_query_id=query["id"]))[0] == 200
    assert (await client("answerCallbackQuery", callback_query_id=query["id"]))[0] == 400


async def test_as_a_process_it_is_controlled_over_http_and_its_log_survives_a_kill(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.doubles.bot_api", "--log", str(log), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    where = json.loads(await process.stdout.readline())
    async with aiohttp.ClientSession() as session:

        async def control(name: str, **details: Any) -> Any:
            async with session.post(f"{where['url']}/control/{name}", json=details) as answer:
                return (await answer.json())["result"]

        await control("reach", chat=CHAT, how="blocked")
        for chat in (CHAT, 43):
            await session.post(f"{where['url']}/bot{where['token']}/sendMessage", data={"chat_id": chat, "text": "chào"})
        assert (await control("wait", delivered=1))["delivered"] == 1
        assert [call["chat"] for call in await control("delivered")] == [43]
        process.send_signal(signal.SIGKILL)
        await process.wait()
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(line["chat"], line["status"], line["delivered"]) for line in lines] == [(CHAT, 403, False), (43, 200, True)]
