"""What residents get to read, and what the sender is told when they do not."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from telegram.error import BadRequest, NetworkError

from bot import errors
from bot.campaigns.pace import NoPace
from bot.channels import telegram_request
from bot.channels.fit import fit
from bot.channels.telegram import AT_ONCE, TelegramChannel
from bot.clock import SystemClock
from bot.dialogue.payloads import button
from bot.messages import Address, Button, Media, Message, Poll
from bot.services.media import StoredMedia
from bot.services.reply import Replies
from bot.store.database import Database
from tests.doubles.bot_api import BotApi
from tests.doubles.bot_api_parts.markup import utf16
from tests.doubles.log_lines import log_lines
from tests.integration.telegram.support import CHAT, GROUP, TO, Mailbox, Waits, listening, open_channel


@pytest.fixture
async def channel(api: BotApi) -> AsyncIterator[TelegramChannel]:
    async with open_channel(api, read_timeout=0.3) as opened:
        yield opened


async def test_text_arrives_as_written_with_the_sources_in_italics(api: BotApi, channel: TelegramChannel) -> None:
    message = Message("Bà <con> & 'Loa' \"nói\" <b>", sources=("Điều 13 <Nghị định> 59/2022/NĐ-CP",))
    for piece in fit(message, channel.limits):
        await channel.send(TO, piece)
    [shown] = api.messages(CHAT)
    assert shown["text"] == message.full_text
    [italic] = shown["entities"]
    start, end = italic["offset"] * 2, (italic["offset"] + italic["length"]) * 2
    assert shown["text"].encode("utf-16-le")[start:end].decode("utf-16-le") == "📜 Căn cứ: Điều 13 <Nghị định> 59/2022/NĐ-CP."


@pytest.mark.parametrize("text", ["a" * 4096, "a" * 4097, "👍" * 2048, "👍" * 2049, "&<" * 2048, "Một câu dài. " * 2000])
async def test_long_texts_arrive_whole_in_pieces_that_fit(api: BotApi, channel: TelegramChannel, text: str) -> None:
    pieces = fit(Message(text), channel.limits)
    for piece in pieces:
        await channel.send(TO, piece)
    assert "".join(api.texts(CHAT)).replace(" ", "") == text.replace(" ", "")
    assert len(pieces) == -(-utf16(text.strip()) // 4096) or len(text) > 20_000
    assert all(utf16(shown) <= 4096 for shown in api.texts(CHAT))


async def test_buttons_are_an_inline_keyboard_whose_presses_bring_the_payload(api: BotApi, channel: TelegramChannel) -> None:
    rows = (
        (button("Ở đâu", "topic", "dinh_danh/o_dau"), button("👍", "good", "dinh_danh/o_dau")),
        (Button("Cổng dịch vụ công", url="https://dichvucong.gov.vn"),),
    )
    await channel.send(TO, Message("Chọn", buttons=rows))
    [shown] = api.messages(CHAT)
    assert shown["reply_markup"]["inline_keyboard"] == [
        [{"text": "Ở đâu", "callback_data": "/topic dinh_danh/o_dau"}, {"text": "👍", "callback_data": "/good dinh_danh/o_dau"}],
        [{"text": "Cổng dịch vụ công", "url": "https://dichvucong.gov.vn"}],
    ]


def picture(folder: Path, key: str = "a.png:1") -> Message:
    (folder / "a.png").write_bytes(b"\x89PNG" + key.encode() * 500)
    return Message("Đếm ngược", media=(Media("photo", str(folder / "a.png"), key),), buttons=((button("Xem", "menu"),),))


def uploads(api: BotApi) -> int:
    return [call.params.get("photo") is None for call in api.calls_of("sendPhoto")].count(True)


async def test_a_picture_is_uploaded_once_however_many_get_it_at_once(api: BotApi, channel: TelegramChannel, tmp_path: Path) -> None:
    await asyncio.gather(*(channel.send(Address("telegram", str(chat)), picture(tmp_path)) for chat in range(1, 21)))
    assert len(api.delivered()) == 20 and uploads(api) == 1
    assert api.texts(20) == ["Đếm ngược"] and "reply_markup" in api.messages(20)[0]


async def test_an_upload_serves_later_runs_of_the_same_bot_until_the_file_is_edited(
    api: BotApi, database: Database, tmp_path: Path
) -> None:
    async def run(key: str, bot: str = "telegram:1") -> None:
        async with open_channel(api, media_ids=StoredMedia(database, bot)) as channel:
            await channel.send(TO, picture(tmp_path, key))

    await run("a.png:1")
    await run("a.png:1")
    assert uploads(api) == 1
    await run("a.png:2")
    assert uploads(api) == 2
    await run("a.png:2", bot="telegram:2")
    assert uploads(api) == 3 and len(api.delivered(CHAT)) == 4


async def test_an_id_that_is_no_good_any_more_is_replaced_by_one_upload(api: BotApi, sqlite: Database, tmp_path: Path) -> None:
    kept = StoredMedia(sqlite, "telegram:1")
    await kept.put("a.png:1", "of-another-bot")
    async with open_channel(api, media_ids=kept) as channel:
        await asyncio.gather(*(channel.send(Address("telegram", str(chat)), picture(tmp_path)) for chat in range(1, 11)))
    assert uploads(api) == 1 and len(api.delivered()) == 10
    assert await kept.get("a.png:1") in api.world.files


async def test_without_the_database_a_picture_is_uploaded_anew(api: BotApi, tmp_path: Path) -> None:
    away = StoredMedia(Database("postgresql://loa@127.0.0.1:1/loa"), "telegram:1")
    async with open_channel(api, media_ids=away) as channel:
        await channel.send(TO, picture(tmp_path))
        await channel.send(TO, picture(tmp_path))
    assert uploads(api) == 1 and len(api.delivered(CHAT)) == 2


def album(folder: Path) -> Message:
    for name in "abc":
        (folder / f"{name}.png").write_bytes(name.encode() * 500)
    photos = tuple(Media("photo", str(folder / f"{name}.png"), name) for name in "abc")
    return Message("Ba <ảnh>", closing="Nhắn DỪNG.", media=photos, buttons=((button("Dừng", "unsubscribe"),),))


async def test_an_album_is_one_call_and_its_buttons_follow(api: BotApi, channel: TelegramChannel, tmp_path: Path) -> None:
    for _ in range(2):
        for piece in fit(album(tmp_path), channel.limits):
            await channel.send(TO, piece)
    uploaded, by_id = api.calls_of("sendMediaGroup")
    assert uploaded.params["media"].count("attach://") == 3 and "attach://" not in by_id.params["media"]
    *photos, last = api.messages(CHAT)[:4]
    assert [api.world.files[photo["photo"][-1]["file_id"]].data[:1] for photo in photos] == [b"a", b"b", b"c"]
    assert len({photo["media_group_id"] for photo in photos}) == 1
    assert [photo.get("caption") for photo in photos] == ["Ba <ảnh>", None, None]
    assert last["text"] == "Nhắn DỪNG." and "reply_markup" in last


async def test_an_album_is_uploaded_once_however_many_get_it_at_once(api: BotApi, sqlite: Database, tmp_path: Path) -> None:
    piece = fit(album(tmp_path), TelegramChannel.limits)[0]
    for _ in range(2):
        async with open_channel(api, media_ids=StoredMedia(sqlite, "telegram:1")) as channel:
            await asyncio.gather(*(channel.send(Address("telegram", str(chat)), piece) for chat in range(1, 11)))
    calls = api.calls_of("sendMediaGroup")
    assert len(calls) == 20 and sum("attach://" in call.params["media"] for call in calls) == 1


async def test_an_album_with_buttons_is_refused_rather_than_sent_without_them(
    api: BotApi, channel: TelegramChannel, tmp_path: Path
) -> None:
    with pytest.raises(errors.Rejected):
        await channel.send(TO, album(tmp_path))
    assert not api.sends()


async def test_a_missing_file_is_a_fault_of_the_content(channel: TelegramChannel, tmp_path: Path) -> None:
    with pytest.raises(errors.Rejected, match=r"thieu\.png"):
        await channel.send(TO, Message("", media=(Media("photo", str(tmp_path / "thieu.png"), key="x"),)))


async def test_a_quiz_and_a_poll(api: BotApi, channel: TelegramChannel) -> None:
    await channel.send(
        TO,
        Message(
            "",
            poll=Poll("Sổ hộ khẩu giấy hết giá trị khi nào?", ("31/12/2022", "30/6/2023"), correct=0, explanation="Luật Cư trú"),
            buttons=((button("Xem", "menu"),),),
        ),
    )
    await channel.send(TO, Message("", poll=Poll("Bà con đã có VNeID chưa?", ("Rồi", "Chưa"))))
    quiz, poll = (message["poll"] for message in api.messages(CHAT))
    assert (quiz["type"], quiz["correct_option_ids"], quiz["explanation"]) == ("quiz", [0], "Luật Cư trú")
    assert (poll["type"], [option["text"] for option in poll["options"]]) == ("regular", ["Rồi", "Chưa"])


@dataclass(frozen=True)
class Trouble:
    """`fault` for the next send, or `reach` of the chat; what the sender must learn; whether the resident got it all the same."""

    kind: type[errors.DeliveryError]
    fault: dict[str, Any] | None = None
    reach: Any = None
    delivered: int = 0
    chat: int = CHAT


TROUBLES = {
    "429": Trouble(errors.Throttled, {"kind": "too_many", "retry_after": 7}),
    "429 without a time": Trouble(errors.Throttled, {"kind": "error", "status": 429, "description": "Too Many Requests: slow down"}),
    "500": Trouble(errors.OutcomeUnknown, {"kind": "error", "status": 500}),
    "502 page": Trouble(errors.OutcomeUnknown, {"kind": "bad_gateway", "deliver": True}, delivered=1),
    "too late": Trouble(errors.OutcomeUnknown, {"kind": "deliver_late"}, delivered=1),
    "closed after": Trouble(errors.OutcomeUnknown, {"kind": "deliver_close"}, delivered=1),
    "closed before": Trouble(errors.OutcomeUnknown, {"kind": "close"}),
    "not json": Trouble(errors.OutcomeUnknown, {"kind": "malformed"}, delivered=1),
    "413": Trouble(errors.Rejected, {"kind": "error", "status": 413, "description": "Request Entity Too Large"}),
    "401": Trouble(errors.Misconfigured, {"kind": "error", "status": 401, "description": "Unauthorized"}),
    "404": Trouble(errors.Misconfigured, {"kind": "error", "status": 404, "description": "Not Found"}),
    "bad markup": Trouble(
        errors.Rejected,
        {"kind": "error", "status": 400, "description": "Bad Request: can't parse entities: Unclosed start tag at byte offset 2"},
    ),
    "no right to write": Trouble(
        errors.Blocked, {"kind": "error", "status": 400, "description": "Bad Request: not enough rights to send text messages to the chat"}
    ),
    "unknown 403": Trouble(errors.Blocked, {"kind": "error", "status": 403, "description": "Forbidden: something new"}),
    "not a member": Trouble(
        errors.Gone, {"kind": "error", "status": 403, "description": "Forbidden: bot is not a member of the supergroup chat"}
    ),
    "group deleted": Trouble(errors.Gone, {"kind": "error", "status": 403, "description": "Forbidden: the group chat was deleted"}),
    "blocked": Trouble(errors.Blocked, reach="blocked"),
    "deactivated": Trouble(errors.Gone, reach="deactivated"),
    "never started": Trouble(errors.Gone, reach="never_started"),
    "chat not found": Trouble(errors.Gone, reach="not_found"),
    "kicked": Trouble(errors.Blocked, reach="kicked", chat=GROUP),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_the_sender_learns_exactly_what_became_of_it(api: BotApi, channel: TelegramChannel, trouble: Trouble) -> None:
    if trouble.fault:
        api.fault(**trouble.fault)
    if trouble.reach:
        api.reach(trouble.chat, trouble.reach)
    with pytest.raises(errors.DeliveryError) as caught:
        await channel.send(Address("telegram", str(trouble.chat)), Message("chào"))
    assert type(caught.value) is trouble.kind
    assert len(api.delivered()) == trouble.delivered and len(api.sends()) == 1, "the channel itself never repeats"
    assert api.token not in repr(caught.value) and caught.value.__cause__ is None
    if isinstance(caught.value, errors.Throttled):
        assert caught.value.retry_after in (7, 5)


@pytest.mark.parametrize("kind", ["slow", "close", "bad_gateway", "down"])
async def test_the_transport_names_no_address_in_its_errors(api: BotApi, kind: str) -> None:
    request = telegram_request.AiohttpRequest(api.url, pool=1, read_timeout=0.1)
    await request.initialize()
    if kind == "down":
        await api.down()
    else:
        api.fault(kind)
    with pytest.raises(NetworkError) as caught:
        await request.post(f"{api.url}/bot{api.token}/sendMessage")
    await request.shutdown()
    shown = "".join(traceback.format_exception(caught.value, limit=0))
    assert not isinstance(caught.value, BadRequest), "the trouble was met"
    assert api.token not in shown and str(api.port) not in shown
    assert isinstance(caught.value, telegram_request.NeverLeft) == (kind == "down")


async def test_a_moved_group_names_its_new_address(api: BotApi, channel: TelegramChannel) -> None:
    api.reach(-77, "migrated", moved_to=GROUP)
    with pytest.raises(errors.Migrated) as caught:
        await channel.send(Address("telegram", "-77"), Message("chào"))
    await channel.send(Address("telegram", caught.value.new_chat), Message("chào"))
    assert api.texts(GROUP) == ["chào"]


async def test_without_a_connection_it_surely_did_not_leave(api: BotApi, channel: TelegramChannel) -> None:
    await api.down()
    with pytest.raises(errors.Unreachable):
        await channel.send(TO, Message("chào"))
    await api.up()
    await channel.send(TO, Message("chào"))
    assert api.texts(CHAT) == ["chào"]


async def test_a_closed_channel_sends_nothing(api: BotApi) -> None:
    async with open_channel(api) as channel:
        pass
    with pytest.raises(errors.Unreachable):
        await channel.send(TO, Message("chào"))
    assert not api.sends()


async def test_closing_waits_for_the_sends_under_way(api: BotApi) -> None:
    async with open_channel(api) as channel:
        api.fault("slow", wait=0.2)
        send = asyncio.create_task(channel.send(TO, Message("chào")))
        await api.until(api.sends)
    assert (await send).message_id and api.texts(CHAT) == ["chào"]


async def test_many_at_once_are_more_than_the_connections_and_all_arrive(api: BotApi, channel: TelegramChannel) -> None:
    await asyncio.gather(*(channel.send(Address("telegram", str(chat)), Message("chào")) for chat in range(1, 2 * AT_ONCE)))
    assert sorted(call.chat or 0 for call in api.delivered()) == list(range(1, 2 * AT_ONCE))


async def test_the_token_is_in_no_line_whatever_happens(api: BotApi, mailbox: Mailbox) -> None:
    """Nor is what residents say, nor where; over every kind of trouble, at the most talkative level."""
    secret, said, private = api.token, [], "bí mật của bà con"
    with log_lines() as lines:
        for trouble in TROUBLES.values():
            api.clear_faults()
            api.fault(**(trouble.fault or {"kind": "error", "status": 400}))
            async with open_channel(api, read_timeout=0.05) as channel:
                with pytest.raises(errors.DeliveryError) as caught:
                    await channel.send(TO, Message(private))
                said.append(repr(caught.value))
        api.token = "1:another"
        waits = Waits(enough=2)
        async with listening(api, mailbox, token=secret, sleep=waits):
            await asyncio.wait_for(waits.enough.wait(), 10)
            api.token = secret
            api.fault("bad_gateway", method="getUpdates")
            api.fault("malformed", method="getUpdates")
            api.say(CHAT, private)
            await api.until(lambda: api.updates.confirmed)
        await api.down()
        async with open_channel(api) as channel:
            with pytest.raises(errors.Unreachable) as lost:
                await channel.send(TO, Message(private))
            said.append(repr(lost.value))
    everything = lines() + "\n".join(said)
    assert "telegram.token" in everything and "telegram.network" in everything
    assert secret.partition(":")[2] not in everything
    assert private not in everything and json.dumps(private) not in everything and f'"{CHAT}"' not in everything


async def test_a_send_cut_off_by_closing_has_an_unknown_outcome(api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_request, "GRACE", 0.05)
    api.fault("deliver_late")
    async with open_channel(api) as channel:
        send = asyncio.create_task(channel.send(TO, Message("chào")))
        await api.until(lambda: api.delivered(CHAT))
    with pytest.raises(errors.OutcomeUnknown):
        await send


class Pauses(NoPace):
    """A pace that lets everything pass and remembers the pauses it was told of."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def test_a_storm_of_429_delays_answers_and_loses_or_repeats_none(api: BotApi, channel: TelegramChannel, tmp_path: Path) -> None:
    database, pace = Database(f"sqlite:///{tmp_path / 'loa.db'}"), Pauses()
    replies = Replies(channel, pace, database, SystemClock())
    api.fault("too_many", retry_after=5, times=30)
    reached = await asyncio.gather(
        *(replies.send(Address("telegram", str(chat)), [Message("một"), Message("hai")]) for chat in range(1, 51))
    )
    await database.close()
    assert all(reached) and pace.seconds == [5.0] * 30
    assert {tuple(api.texts(chat)) for chat in range(1, 51)} == {("một", "hai")}
    assert len(api.delivered()) == 100


async def test_an_answer_follows_a_group_that_moved(api: BotApi, channel: TelegramChannel, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'loa.db'}")
    api.migrate(-77, GROUP)
    await Replies(channel, Pauses(), database, SystemClock()).send(Address("telegram", "-77"), [Message("một"), Message("hai")])
    await database.close()
    assert api.texts(GROUP) == ["một", "hai"]


async def test_it_goes_through_the_operators_proxy(api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The double stands at the proxy's end: the named server exists nowhere."""
    monkeypatch.setenv("http_proxy", api.url)
    async with open_channel(api, api_url="http://bot-api.invalid") as channel:
        await channel.send(TO, Message("chào"))
    assert api.texts(CHAT) == ["chào"]
    monkeypatch.setenv("no_proxy", "bot-api.invalid")
    async with open_channel(api, api_url="http://bot-api.invalid") as channel:
        with pytest.raises(errors.Unreachable):
            await channel.send(TO, Message("chào"))


async def test_what_may_cost_money_says_so_and_nothing_else_does(api: BotApi, channel: TelegramChannel, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n")
    photo = Message("Ảnh", media=(Media("photo", str(picture), "a"),))
    async with open_channel(api, paid=True) as paying:
        for message in (Message("Chữ"), photo):
            await channel.send(TO, message)
            await paying.send(TO, message)
    assert [call.params.get("allow_paid_broadcast") for call in api.sends()] == [None, "true", None, "true"]
