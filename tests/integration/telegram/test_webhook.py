"""The webhook: a real HTTP request from Telegram's side into the channel, acknowledged only once stored."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.channels.telegram import TelegramChannel
from tests.doubles.bot_api import BotApi
from tests.integration.telegram.support import CHAT, Mailbox, listening, open_channel

SECRET = "mot-bi_mat-2022"


@asynccontextmanager
async def pushed(api: BotApi, mailbox: Mailbox) -> AsyncIterator[TelegramChannel]:
    """A channel in webhook mode behind a web server."""

    async def route(request: web.BaseRequest) -> web.Response:
        return web.Response(status=await channel.webhook(await request.read(), request.headers.get("X-Telegram-Bot-Api-Secret-Token")))

    server = await asyncio.get_running_loop().create_server(web.Server(route), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/telegram/webhook"
    try:
        async with listening(api, mailbox, webhook_url=url, webhook_secret=SECRET) as channel:
            yield channel
    finally:
        server.close()


async def test_updates_are_pushed_in_order_for_a_chat_and_acknowledged_when_stored(api: BotApi, mailbox: Mailbox) -> None:
    async with pushed(api, mailbox):
        for number in range(5):
            api.say(CHAT, f"câu {number}")
        api.say(7, "người khác")
        await api.until(lambda: len(api.updates.confirmed) == 6)
    assert [item.text for item in mailbox.items if item.address.chat == str(CHAT)] == [f"câu {number}" for number in range(5)]
    assert not api.updates.polls
    assert api.calls_of("setWebhook")[0].params.get("drop_pending_updates", "false") == "false"


async def test_what_cannot_be_stored_is_not_acknowledged_and_comes_again(api: BotApi, mailbox: Mailbox) -> None:
    mailbox.failing = 2
    async with pushed(api, mailbox):
        api.say(CHAT, "giữ lấy")
        await api.until(lambda: api.updates.confirmed)
        assert api.updates.webhook
        assert [attempt.status for attempt in api.updates.webhook.attempts if attempt.status != 503] == [200]
        assert len(api.updates.webhook.attempts) >= 3
    assert mailbox.texts == ["giữ lấy"]


UPDATE = json.dumps({"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "x"}}).encode()


@pytest.mark.parametrize(
    "secret, body, status",
    [
        (None, UPDATE, 403),
        ("", UPDATE, 403),
        ("mot-bi_mat-2021", UPDATE, 403),
        ("một", UPDATE, 403),
        (SECRET, b"{", 400),
        (SECRET, b"[]", 400),
        (SECRET, b'{"update_id": "1"}', 400),
        (SECRET, b'{"update_id": 2}', 200),
        (SECRET, UPDATE, 200),
    ],
)
async def test_only_telegram_is_let_in(api: BotApi, mailbox: Mailbox, secret: str | None, body: bytes, status: int) -> None:
    async with pushed(api, mailbox) as channel:
        api.say(CHAT, "đã nghe")
        await api.until(lambda: api.updates.confirmed)
        assert await channel.webhook(body, secret) == status
    assert mailbox.texts == ["đã nghe"] + ["x"] * (status == 200 and body == UPDATE)


async def test_without_a_secret_there_is_no_webhook(api: BotApi, mailbox: Mailbox) -> None:
    async with listening(api, mailbox, webhook_url="https://loa.example/telegram/webhook", webhook_secret=None) as channel:
        await api.until(lambda: api.updates.polls)
        assert await channel.webhook(UPDATE, "") == await channel.webhook(UPDATE, None) == 403
    assert not mailbox.items


async def test_before_it_listens_telegram_is_asked_to_come_again(api: BotApi) -> None:
    async with open_channel(api, webhook_url="https://loa.example/telegram/webhook", webhook_secret=SECRET) as channel:
        assert await channel.webhook(UPDATE, SECRET) == 503
