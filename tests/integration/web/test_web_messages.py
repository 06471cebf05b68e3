"""What comes without being asked: the outbox, polled and followed."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from bot.channels.base import Channel
from bot.channels.web import WebChannel
from bot.clock import ManualClock
from bot.content.library import Library
from bot.errors import OptedOut, OutcomeUnknown
from bot.messages import Address, Button, Media, Message
from bot.services.outbox import Outbox, Posted
from bot.store import outbox as store
from bot.store import subscribers
from bot.store.database import Database
from bot.web import api
from bot.web.replies import as_reply
from tests.integration.campaigns.test_leaving import through_or_waiting
from tests.integration.web.serving import Web, build, running

Step = Callable[..., Awaitable[object]]

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
    assert await texts(after="deadbeef-99") == ["một", "hai"], "an id of an earlier version"
    assert await texts(after="-- nonsense") == ["một", "hai"]
    assert await texts(after=first) == ["hai"]
    assert await texts() == ["hai"], "what the page has is kept no longer"


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
        web.outbox.close()
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


WHOLE = Message(
    "Tin",
    closing="Nhắn DỪNG.",
    buttons=((Button("Ở đâu", payload="/topic a/b"),), (Button("Mở", url="https://vneid.gov.vn"),)),
    sources=("Luật Cư trú",),
    topic="a/b",
    media=(Media("photo", "/content/media/a.png", "a:1"),),
)


async def test_a_message_waits_for_its_page_over_a_restart_just_as_it_was(database: Database, clock: ManualClock) -> None:
    number = await Outbox(database, clock).put(MINE, WHOLE)
    restarted = Outbox(database, clock)
    assert await restarted.after(MINE, None) == [Posted(number, WHOLE)]
    assert await restarted.after(OTHER, None) == []


async def test_it_is_given_again_until_the_page_says_that_it_came(database: Database, clock: ManualClock) -> None:
    outbox = Outbox(database, clock)
    first, second = await outbox.put(MINE, Message("một")), await outbox.put(MINE, Message("hai"))
    assert [item.id for item in await outbox.after(MINE, None)] == [first, second]
    await outbox.seen(MINE, first)
    assert [item.id for item in await outbox.after(MINE, None)] == [second]
    await outbox.seen(MINE, second)
    third = await outbox.put(MINE, Message("ba"))
    assert int(third) > int(second), "ids are not given again, or the page would take it for one it had"
    assert [item.id for item in await outbox.after(MINE, second)] == [third]


async def test_what_was_never_handed_out_is_not_taken_for_seen(database: Database, clock: ManualClock) -> None:
    """Of two that came at once, the later one may be readable first."""
    outbox = Outbox(database, clock)
    first, second = await outbox.put(MINE, Message("một")), await outbox.put(MINE, Message("hai"))
    await outbox.seen(MINE, second)
    assert [item.id for item in await outbox.after(MINE, second)] == [first, second]


async def test_the_newest_are_kept_and_for_a_week(database: Database, clock: ManualClock) -> None:
    outbox = Outbox(database, clock, each=2)
    for text in "abc":
        await outbox.put(MINE, Message(text))
    await outbox.put(OTHER, Message("x"))
    assert [item.message.text for item in await outbox.after(MINE, None)] == ["b", "c"]
    clock.advance(days=7)
    assert await outbox.after(MINE, None) == [] == await outbox.after(OTHER, None)


async def test_what_nobody_fetched_for_a_week_leaves_the_disk(database: Database, clock: ManualClock) -> None:
    await Outbox(database, clock).put(MINE, Message("tin"))
    for days, left in ((7, 1), (8, 0)):
        async with database.write() as connection:
            await store.forget_old(connection, clock.now() + timedelta(days=days))
            assert len(await store.waiting(connection, Address("web", MINE), 0, clock.now())) == left


async def test_read_on_another_day_it_says_which_day_it_was_written_for(database: Database, clock: ManualClock) -> None:
    outbox = Outbox(database, clock)
    await outbox.put(MINE, Message("Còn 3 ngày."))
    clock.advance(days=2)
    [item] = await outbox.after(MINE, None)
    assert item.message.text == "(Tin gửi ngày 07/11/2022)\n\nCòn 3 ngày."


@pytest.mark.parametrize("step", [subscribers.wipe, partial(subscribers.opt_out, at=ManualClock(datetime(2022, 11, 7)).now())])
async def test_who_deletes_their_data_or_says_stop_finds_nothing_waiting(database: Database, clock: ManualClock, step: Step) -> None:
    outbox = Outbox(database, clock)
    await outbox.put(MINE, Message("tin"))
    await outbox.put(OTHER, Message("tin"))
    async with database.write() as connection:
        await step(connection, Address("web", MINE))
    assert await outbox.after(MINE, None) == [] and len(await outbox.after(OTHER, None)) == 1


@pytest.mark.parametrize("step", [subscribers.wipe, partial(subscribers.opt_out, at=ManualClock(datetime(2022, 11, 7)).now())])
async def test_a_campaign_message_on_its_way_as_they_leave_is_not_put(database: Database, clock: ManualClock, step: Step) -> None:
    outbox, address = Outbox(database, clock), Address("web", MINE)
    campaigns, alarms = WebChannel(outbox, consent=True), WebChannel(outbox)
    async with database.write() as connection:
        await subscribers.opt_in(connection, address, None, "t", clock.now())
    await campaigns.send(address, Message("tin"))
    async with database.write() as connection:
        await step(connection, address)
    with pytest.raises(OptedOut):
        await campaigns.send(address, Message("tin"))
    await alarms.send(address, Message("báo cán bộ"))
    assert [item.message.text for item in await outbox.after(MINE, None)] == ["báo cán bộ"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("step", [subscribers.wipe, partial(subscribers.opt_out, at=ManualClock(datetime(2022, 11, 7)).now())])
async def test_a_campaign_message_put_at_the_moment_they_leave_does_not_stay(database: Database, clock: ManualClock, step: Step) -> None:
    outbox, address = Outbox(database, clock), Address("web", MINE)
    async with database.write() as connection:
        await subscribers.opt_in(connection, address, None, "t", clock.now())

    async def leave() -> None:
        async with database.write() as connection:
            await step(connection, address)

    async with database.write() as connection:
        assert await store.put(connection, address, Message("tin"), clock.now(), 20, True)
        leaving = asyncio.create_task(leave())
        await through_or_waiting(database, leaving)
    await leaving
    assert await outbox.after(MINE, None) == []


async def test_without_the_database_nothing_is_sent_blindly_again_and_the_page_is_asked_to_wait(
    library: Library, clock: ManualClock, client_of: Callable[[Web], httpx.AsyncClient]
) -> None:
    away = build(library, Database("postgresql://loa@127.0.0.1:1/loa"), clock)
    with pytest.raises(OutcomeUnknown):
        await away.channel.send(Address("web", MINE), Message("tin"))
    response = await client_of(away).get("/api/messages", params={"session": MINE})
    assert response.status_code == 503 and "Retry-After" in response.headers


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
