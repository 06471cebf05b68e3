"""What residents do on Telegram, and what Loa takes it for."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.doubles.bot_api import BotApi
from tests.integration.telegram.support import CHAT, GROUP, Mailbox, listening

Act = Callable[[BotApi], Any]


def _reply(api: BotApi, text: str) -> None:
    theirs = api.world.post(api.world.chat(GROUP), api.world.me, text="Loa đây")
    api.say(GROUP, text, user=7, reply_to=theirs["message_id"])


def _edit(api: BotApi) -> None:
    api.say(CHAT, "can cuoc")
    api.edit(CHAT, "căn cước ở đâu")


def _live_location(api: BotApi) -> None:
    sent = api.send(CHAT, "location")["message"]
    api.push({"update_id": 900_000_000, "edited_message": {**sent, "edit_date": sent["date"] + 5}})


def _album(api: BotApi) -> None:
    for number in range(3):
        picture = api.send(900, "photo")["message"]
        api.updates.waiting.pop()
        api.push({"update_id": 900_000_001 + number, "message": {**picture, "chat": api.world.chat(CHAT).view, "media_group_id": "g"}})


@pytest.mark.parametrize(
    "act, expected",
    [
        # typed
        (lambda api: api.say(CHAT, "làm căn cước ở đâu"), [("text", "làm căn cước ở đâu")]),
        (lambda api: api.say(CHAT, "DỪNG"), [("text", "DỪNG")]),
        (lambda api: api.say(CHAT, "/khongco gì"), [("text", "/khongco gì")]),
        (_edit, [("text", "can cuoc"), ("text", "căn cước ở đâu")]),
        # commands
        (lambda api: api.say(CHAT, "/start"), [("payload", "/help")]),
        (lambda api: api.say(CHAT, "/batdau"), [("payload", "/help")]),
        (lambda api: api.say(CHAT, "/start topic_dinh_danh__o_dau"), [("payload", "/topic dinh_danh/o_dau")]),
        (lambda api: api.say(CHAT, "/start topic_../../x"), [("payload", "/help")]),
        (lambda api: api.say(CHAT, "/start subscribe"), [("payload", "/help")]),
        (lambda api: api.say(CHAT, "/hoi"), [("payload", "/menu")]),
        (lambda api: api.say(CHAT, "/hoi lệ phí\nbao nhiêu"), [("text", "lệ phí\nbao nhiêu")]),
        (lambda api: api.say(CHAT, "/dangky"), [("payload", "/subscribe")]),
        (lambda api: api.say(CHAT, "/huy"), [("text", "DỪNG")]),
        (lambda api: api.say(CHAT, "/HUY@LoaThuBot"), [("text", "DỪNG")]),
        (lambda api: api.say(CHAT, "/dulieu"), [("payload", "/mydata")]),
        (lambda api: api.say(CHAT, "/trogiup"), [("payload", "/help")]),
        # what cannot be read is answered all the same
        (lambda api: api.send(CHAT, "voice"), [("media:voice", "")]),
        (lambda api: api.send(CHAT, "photo", caption="thẻ này còn hạn không"), [("media:photo", "thẻ này còn hạn không")]),
        (lambda api: api.send(CHAT, "sticker"), [("media:sticker", "")]),
        (lambda api: api.send(CHAT, "document"), [("media:document", "")]),
        (lambda api: api.send(CHAT, "video"), [("media:other", "")]),
        (lambda api: api.send(CHAT, "contact"), [("media:contact", "")]),
        (_live_location, [("media:location", "")]),
        (_album, [("media:photo", "")]),
        # groups: only when addressed
        (lambda api: api.say(GROUP, "mai họp xóm nhé", user=7), []),
        (lambda api: api.say(GROUP, "@LoaThuBot lệ phí bao nhiêu", user=7), [("text", "lệ phí bao nhiêu")]),
        (lambda api: api.say(GROUP, "hỏi giúp tôi lệ phí @loathubot", user=7), [("text", "hỏi giúp tôi lệ phí")]),
        (lambda api: api.say(GROUP, "@LoaThuBot", user=7), [("payload", "/menu")]),
        (lambda api: api.say(GROUP, "@LoaThuBotKhac lệ phí", user=7), []),
        (lambda api: api.say(GROUP, "/hoi lệ phí", user=7), [("text", "lệ phí")]),
        (lambda api: api.say(GROUP, "/hoi@LoaThuBot lệ phí", user=7), [("text", "lệ phí")]),
        (lambda api: api.say(GROUP, "/hoi@bot_khac lệ phí", user=7), []),
        (lambda api: _reply(api, "thế mất bao lâu"), [("text", "thế mất bao lâu")]),
        (lambda api: _reply(api, "/start@bot_khac"), []),
        (lambda api: api.send(GROUP, "photo", user=7), []),
        # reachability
        (lambda api: api.block(CHAT), [("blocked", "")]),
        (lambda api: api.unblock(CHAT), [("unblocked", "")]),
        (lambda api: api.join(GROUP), [("unblocked", "")]),
        (lambda api: api.kick(GROUP), [("blocked", "")]),
        (lambda api: api.migrate(GROUP, -1_000_000_000_078), []),
    ],
)
async def test_each_act_is_taken_for_what_it_is(api: BotApi, mailbox: Mailbox, act: Act, expected: list[tuple[str, str]]) -> None:
    async with listening(api, mailbox):
        await api.until(lambda: api.updates.polls)
        act(api)
        api.say(1, "hết")
        await api.until(lambda: not api.updates.waiting)
    taken = [(f"media:{item.media}" if item.kind == "media" else item.kind, item.text) for item in mailbox.items]
    assert taken == [*expected, ("text", "hết")]


async def test_an_edit_is_marked_and_everything_has_its_own_id_and_address(api: BotApi, mailbox: Mailbox) -> None:
    async with listening(api, mailbox):
        _edit(api)
        await api.until(lambda: len(api.updates.confirmed) == 2)
    before, after = mailbox.items
    assert (before.edited, after.edited) == (False, True)
    assert before.id != after.id and before.address.conversation == f"telegram:{CHAT}"
    assert before.at and before.at.tzinfo
