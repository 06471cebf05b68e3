"""A campaign of several photos: an album and a message with the buttons, both accounted for. Over HTTP, with a Bot API on loopback."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.channels.telegram import TelegramChannel
from tests.doubles.bot_api import BotApi
from tests.integration.campaigns.conftest import Province, simple

ALBUM = simple().replace("message:\n", "message:\n  album: [mot.png, hai.png]\n")
CHAT = 7


@pytest.fixture
async def api(province: Province, tmp_path: Path) -> AsyncIterator[BotApi]:
    """The province sends through it, and has photos."""
    media = tmp_path / "media"
    media.mkdir()
    (media / "mot.png").write_bytes(b"1")
    (media / "hai.png").write_bytes(b"2")
    province.library = replace(province.library, media=media)
    async with BotApi() as double, TelegramChannel(double.token, province.clock, api_url=double.url) as channel:
        province.channel = channel  # type: ignore[assignment]
        yield double


async def send(province: Province) -> None:
    await province.subscribe([CHAT])
    province.write("thu", ALBUM)
    await province.launch("thu")
    province.clock.advance(hours=1)
    await province.ticker.tick()
    async with province.sending():
        while any(item.state in ("due", "filling", "sending") for item in await province.occurrences()):
            province.clock.advance(seconds=1)  # what is tried again waits for its second
            await province.ticker.tick()


async def test_the_album_has_the_text_and_what_follows_has_the_way_to_stop(province: Province, api: BotApi) -> None:
    await send(province)
    first, second, last = api.messages(CHAT)
    assert "Chào bà con" in first["caption"] and "DỪNG" not in first["caption"] and "caption" not in second
    assert last["text"].endswith("nhắn DỪNG.")
    assert [row[0]["text"] for row in last["reply_markup"]["inline_keyboard"]] == ["Đăng ký ở đâu", "🔕 Dừng nhận tin"]
    assert await province.counts() == {"sent": 1}


async def test_an_album_that_arrived_is_not_sent_again_when_the_rest_waits(province: Province, api: BotApi) -> None:
    api.fault("too_many", method="sendMessage", retry_after=0)
    await send(province)
    assert [call.method for call in api.sends(CHAT)] == ["sendMediaGroup", "sendMessage", "sendMessage"]
    assert len(api.messages(CHAT)) == 3 and await province.counts() == {"sent": 1}


async def test_the_ledger_knows_how_much_of_it_arrived_when_the_rest_is_unknown(province: Province, api: BotApi) -> None:
    api.fault("close", method="sendMessage")
    await send(province)
    assert await province.counts() == {"unknown": 1}
    await province.service.resend("thu", "Lê Thị Soạn", ("unknown",))
    async with province.sending():
        await province.drain()
    assert [call.method for call in api.sends(CHAT)] == ["sendMediaGroup", "sendMessage", "sendMessage"]
    assert await province.counts() == {"sent": 1}


async def test_an_album_of_unknown_outcome_is_not_repeated(province: Province, api: BotApi) -> None:
    api.fault("deliver_close", method="sendMediaGroup")
    await send(province)
    assert [call.method for call in api.sends(CHAT)] == ["sendMediaGroup"]
    assert await province.counts() == {"unknown": 1}
