"""What comes without being asked: the outbox, polled and followed."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from bot.channels.base import Channel
from bot.channels.web import Outbox, WebChannel
from bot.messages import Address, Media, Message
from bot.web import api
from bot.web.replies import as_reply
from tests.integration.web.serving import Web, running

MINE, OTHER = "m" * 32, "o" * 32


async def post(web: Web, text: str, session: str = MINE) -> str:
    channel: Channel = web.channel
    return (await channel.send(Address("web", session), Message(text))).message_id


async def test_messages_are_fetched_in_order_and_only_by_their_own_session(web: Web, client: httpx.AsyncClient) -> None:
    first = await post(web, "một")
    await post(web, "hai")
    await post(web, "của người khác", OTHER)

    async def texts(**query: str) -> list[str]:
        found = (await client.get("/api/messages", params={"session": MINE, **query})).json()["messages"]
        return [one["reply"]["text"] for one in found]

    assert await texts() == ["một", "hai"]
    assert await texts(after=first) == ["hai"]
    assert await texts(after="deadbeef-99") == ["một", "hai"], "an id of an earlier run"
    assert await texts(after="-- nonsense") == ["một", "hai"]


@pytest.mark.parametrize("query", ["", "?session=abc", "?session=" + "x" * 32 + "&after=" + "9" * 50])
async def test_a_malformed_look_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get("/api/messages" + query)
    assert response.status_code == 422
    assert response.json()["error"] == "bad_request"


class Stream:
    """Reads server-sent events."""

    def __init__(self, response: httpx.Response):
        self.lines = response.aiter_lines()

    async def event(self) -> dict[str, str]:
        found: dict[str, str] = {}
        async for line in self.lines:
            if not line and found:
                return found
            key, _, value = line.partition(": ")
            found[key or "comment"] = value
        return found


def follow(client: httpx.AsyncClient, **headers: str):  # type: ignore[no-untyped-def]
    return client.stream("GET", f"/api/messages?session={MINE}", headers={"Accept": "text/event-stream", **headers})


async def test_an_open_page_is_told_at_once_and_a_reconnected_one_gets_what_it_missed(web: Web) -> None:
    async with running(web) as url, httpx.AsyncClient(base_url=url) as client:
        async with follow(client) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in response.headers
            stream = Stream(response)
            assert "retry" in await stream.event()
            await post(web, "tin chiến dịch")
            event = await stream.event()
            assert json.loads(event["data"])["text"] == "tin chiến dịch"
        await post(web, "lúc mất mạng")
        async with follow(client, **{"Last-Event-ID": event["id"]}) as response:
            stream = Stream(response)
            await stream.event()
            assert json.loads((await stream.event())["data"])["text"] == "lúc mất mạng"


async def test_a_quiet_line_has_a_heartbeat_and_stopping_ends_it(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "HEARTBEAT", 0.02)
    async with running(web) as url, httpx.AsyncClient(base_url=url) as client, follow(client) as response:
        stream = Stream(response)
        await stream.event()
        assert await stream.event() == {"comment": "."}
        web.channel.outbox.close()
        while await stream.event():
            pass


async def test_the_number_of_open_lines_is_bounded_and_a_closed_one_makes_room(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "STREAMS_A_CLIENT", 1)
    monkeypatch.setattr(api, "HEARTBEAT", 0.02)
    async with running(web) as url, httpx.AsyncClient(base_url=url) as client:
        async with follow(client) as response:
            await Stream(response).event()
            async with follow(client) as second:
                assert second.status_code == 204
        async with asyncio.timeout(5):
            while True:
                async with follow(client) as third:
                    if third.status_code == 200:
                        break


def test_the_outbox_forgets_the_oldest_messages_and_the_least_recent_sessions() -> None:
    outbox = Outbox(sessions=3, each=2)
    for number in range(4):
        for text in "abc":
            outbox.put(str(number), Message(text))
    assert [posted.message.text for posted in outbox.after("3", None)] == ["b", "c"]
    assert outbox.after("0", None) == []


def test_media_have_an_address_unless_they_lie_elsewhere() -> None:
    root = Path("/content/media")
    message = Message(
        "x",
        media=(
            Media("photo", "/content/media/đề án/a.png", "a"),
            Media("photo", "/etc/passwd", "b"),
            Media("document", "/content/media/c.pdf", "c"),
        ),
    )
    assert [item.url for item in as_reply(message, WebChannel.limits, root).media] == ["/media/%C4%91%E1%BB%81%20%C3%A1n/a.png"]
