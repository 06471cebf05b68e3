"""The life of a campaign in the database: approval bound to content, edits that void it, the audit, buttons, reports."""

import asyncio
from datetime import timedelta

import pytest

from bot.campaigns.lifecycle import NotAllowed
from bot.errors import DeliveryError
from bot.messages import Address, Message
from bot.store import indicators, subscribers
from tests.integration.campaigns.conftest import Province, simple, wait_for

AUTHOR, OTHER = "Lê Thị Soạn", "Trần Văn Duyệt"


async def test_every_step_is_in_the_audit(province: Province) -> None:
    province.write("thu", simple())
    await province.launch("thu")
    await province.service.pause("thu", OTHER, "xem lại")
    await province.service.resume("thu", OTHER)
    await province.service.cancel("thu", OTHER, "đổi kế hoạch")
    history = await province.service.history("thu")
    assert [(entry.actor, entry.action) for entry in history] == [
        (AUTHOR, "submit"),
        (OTHER, "approve"),
        (AUTHOR, "start"),
        (OTHER, "pause"),
        (OTHER, "resume"),
        (OTHER, "cancel"),
    ]
    assert history[-1].detail == "đổi kế hoạch"


async def test_the_author_cannot_approve(province: Province) -> None:
    province.write("thu", simple())
    await province.service.submit("thu", OTHER)
    for name in (AUTHOR, OTHER, AUTHOR.upper()):
        with pytest.raises(NotAllowed, match="khác người soạn"):
            await province.service.approve("thu", name)


async def test_what_was_edited_after_submission_cannot_be_approved(province: Province) -> None:
    province.write("thu", simple())
    await province.service.submit("thu", AUTHOR)
    province.write("thu", simple().replace("Chào", "Kính chào"))
    with pytest.raises(NotAllowed, match="Gửi duyệt lại"):
        await province.service.approve("thu", OTHER)


async def test_an_edit_while_sending_stops_it_until_the_new_text_is_approved(province: Province) -> None:
    await province.subscribe(range(1, 41))
    gate = asyncio.Event()
    province.channel.answer = lambda chat, times: gate.wait()
    province.write("thu", simple())
    await province.launch("thu")
    province.clock.advance(hours=1)
    await province.ticker.tick()
    async with province.sending(in_flight=5):
        await wait_for(lambda: len(province.channel.tried) == 5)
        province.write("thu", simple().replace("Chào", "Kính chào"))
        await province.ticker.tick()
        gate.set()
        assert (await province.service.status("thu")).state == "draft"
    assert len(province.channel.sent) == 5
    assert (await province.counts())["queued"] == 35


async def test_newly_approved_text_goes_to_those_who_were_still_waiting(province: Province) -> None:
    await province.subscribe(range(1, 4))
    province.write("thu", simple(at="2022-11-07 10:00").replace("schedule: {at: 2022-11-07 10:00}", "schedule: {cron: '0 10 * * *'}"))
    await province.launch("thu")
    province.clock.advance(hours=1)
    await province.ticker.tick()
    province.write(
        "thu", simple().replace("schedule: {at: 2022-11-07 10:00}", "schedule: {cron: '0 10 * * *'}").replace("Chào", "Kính chào")
    )
    await province.ticker.tick()
    await province.launch("thu")
    async with province.sending():
        await province.drain()
    assert {message.text.splitlines()[2][:9] for _, message in province.channel.sent} == {"Kính chào"}
    assert len(province.channel.sent) == 3


async def test_a_broken_edit_does_not_stop_what_is_approved(province: Province) -> None:
    await province.subscribe([1])
    province.write("thu", simple())
    await province.launch("thu")
    province.write("thu", "id: [")
    province.clock.advance(hours=1)
    async with province.sending():
        await province.ticker.tick()
        await province.drain()
    assert len(province.channel.sent) == 1


async def test_cancelling_leaves_out_who_was_waiting(province: Province) -> None:
    await province.subscribe(range(1, 11))
    province.write("thu", simple())
    await province.launch("thu")
    province.clock.advance(hours=1)
    await province.ticker.tick()
    await province.service.cancel("thu", OTHER)
    await province.ticker.tick()
    async with province.sending():
        await province.drain()
    assert await province.counts() == {"left_out": 10}
    assert province.channel.sent == []


async def test_when_everything_is_said_the_campaign_is_done(province: Province) -> None:
    await province.subscribe([1])
    province.write("thu", simple())
    await province.launch("thu")
    province.clock.advance(hours=1)
    async with province.sending():
        await province.ticker.tick()
        await province.drain()
        await province.ticker.tick()
    assert (await province.service.status("thu")).state == "done"


async def test_a_pressed_button_counts_once_and_goes_on_to_its_topic(province: Province) -> None:
    await sent(province, simple())
    payload = province.channel.sent[0][1].buttons[0][0].payload
    assert payload and payload.startswith("/c ")
    for _ in range(3):
        assert await province.service.pressed(Address("telegram", "1"), payload[3:]) == "/topic dinh_danh/o_dau"
    report = await province.service.report("thu")
    assert [(button, count) for button, _, count, _ in report.pressed] == [("Đăng ký ở đâu", 1)]


@pytest.mark.parametrize("ref", ["", "999.a0", "x", "1.a9", "1.q0"])
async def test_a_button_that_does_not_exist_does_nothing(province: Province, ref: str) -> None:
    await sent(province, simple())
    assert await province.service.pressed(Address("telegram", "1"), ref) is None


async def test_the_first_answer_to_a_quiz_counts(province: Province) -> None:
    quiz = simple().replace("  buttons:", "  quiz: {question: Làm gì, options: [Bấm, Cúp], correct: 2, explanation: Vì thế}\n  buttons:")
    await sent(province, quiz)
    wrong, right = (row[0].payload or "" for row in province.channel.sent[0][1].buttons[:2])
    for payload in (right, wrong):
        assert isinstance(await province.service.pressed(Address("telegram", "1"), payload[3:]), Message)
    report = await province.service.report("thu")
    assert [(button, count, good) for button, _, count, good in report.pressed] == [("Cúp", 1, 1)]


async def test_a_report_adds_up_and_knows_who_stopped_and_who_asked(province: Province) -> None:
    await province.subscribe(range(1, 11))
    await sent(province, simple(), subscribe=False)
    province.clock.advance(hours=2)
    await province.service.asked(Address("telegram", "2"), "dinh_danh/o_dau")
    async with province.database.write() as connection:
        await subscribers.opt_out(connection, Address("telegram", "1"), province.clock.now())
    report = await province.service.report("thu")
    assert (report.audience, report.total("sent"), report.opted_out, report.asked) == (10, 10, 1, 1)


async def test_a_topic_is_remembered_only_of_those_who_agreed(province: Province) -> None:
    await province.subscribe([1])
    await province.service.asked(Address("telegram", "1"), "dinh_danh/o_dau")
    await province.service.asked(Address("telegram", "2"), "dinh_danh/o_dau")
    province.write("thu", simple(audience="{asked: [dinh_danh/o_dau]}"))
    assert await province.service.reach("thu") == {"telegram": 1}


async def test_resending_takes_only_what_failed(province: Province) -> None:
    await province.subscribe(range(1, 11))

    def answer(chat: str, times: int) -> None:
        if chat == "3" and times == 1:
            raise DeliveryError

    province.channel.answer = answer
    await sent(province, simple(), subscribe=False)
    assert await province.counts() == {"sent": 9, "failed": 1}
    assert await province.service.resend("thu", OTHER, ("failed",)) == 1
    async with province.sending():
        await province.drain()
    assert province.channel.got == {str(chat): 1 for chat in range(1, 11)}


# --- audiences


async def test_indicators_reach_the_lagging_first(province: Province) -> None:
    units = [place.slug for place in province.library.places.units[:3]]
    async with province.database.write() as connection:
        await indicators.put(connection, "online_rate", {units[0]: 4.0, units[1]: 1.0, units[2]: 40.0}, province.clock.now())
    for first, unit in zip((1, 11, 21), units, strict=True):
        await province.subscribe(range(first, first + 5), unit)
    await sent(province, simple(audience="{indicator: {name: online_rate, below: 5}}"), subscribe=False, in_flight=1)
    assert [int(chat) for chat, _ in province.channel.sent] == [*range(11, 16), *range(1, 6)]


async def test_the_cap_counts_over_all_campaigns_and_is_in_the_ledger(province: Province) -> None:
    await province.subscribe([1])
    for number in range(3):
        name = f"thu{number}"
        province.write(name, simple(name, at=f"2022-11-0{7 + number} 10:00"))
        await province.launch(name)
    async with province.sending():
        for _ in range(3):
            province.clock.advance(hours=1 if province.clock.now().hour == 9 else 24)
            await province.ticker.tick()
            await province.drain()
    assert await province.counts() == {"sent": 2, "left_out": 1}


async def test_variants_split_the_audience_and_a_share_is_a_share(province: Province) -> None:
    await province.subscribe(range(1, 401))
    variants = "variants: {A: {weight: 50}, B: {weight: 50, text: Bản B.}}\naudience: {percent: 50}"
    await sent(province, simple() + variants, subscribe=False)
    texts = ["Bản B." in message.text for _, message in province.channel.sent]
    assert 150 < len(texts) < 250
    assert 0.35 < sum(texts) / len(texts) < 0.65


async def test_who_did_not_press_is_who_got_it_and_did_not(province: Province) -> None:
    await province.subscribe(range(1, 4))
    await sent(province, simple(), subscribe=False)
    payload = province.channel.sent[0][1].buttons[0][0].payload or ""
    await province.service.pressed(Address("telegram", "1"), payload[3:])
    await province.subscribe([9])
    province.write("hai", simple("hai", audience="{not_pressed: {campaign: thu}}"))
    province.write("ba", simple("ba", audience="{pressed: {campaign: thu, button: Đăng ký ở đâu}}"))
    assert await province.service.reach("hai") == {"telegram": 2}
    assert await province.service.reach("ba") == {"telegram": 1}


async def test_language_and_day_of_joining_choose_who_gets_it(province: Province) -> None:
    now = province.clock.now()
    await province.subscribe([1], joined_at=now - timedelta(days=40))
    await province.subscribe([2], joined_at=now - timedelta(days=2))
    await province.subscribe([3], joined_at=now - timedelta(days=2), language="en")
    since = (now - timedelta(days=10)).date()
    await sent(province, simple(audience=f"{{languages: [vi], joined_since: {since}}}"), subscribe=False)
    assert province.channel.got == {"2": 1}


async def sent(province: Province, text: str, subscribe: bool = True, **options: object) -> None:
    """Through its whole life until it is done."""
    if subscribe:
        await province.subscribe([1])
    province.write("thu", text)
    await province.launch("thu")
    province.clock.advance(hours=1)
    async with province.sending(**options):
        await province.ticker.tick()
        await province.drain()
        await province.ticker.tick()
