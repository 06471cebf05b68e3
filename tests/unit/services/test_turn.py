"""A turn from what was said to what is read and remembered, with Rasa's decision given."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from bot.campaigns.render import STOP
from bot.clock import ManualClock
from bot.content.library import Library
from bot.dialogue.acts import Reply
from bot.errors import TooSlow
from bot.messages import Address, Incoming, Limits
from bot.services.imports import Enrolment
from bot.services.turn import Turned, Turns
from bot.store import conversations, subscribers
from bot.store.database import Database
from bot.store.tables import Conversation, FeedbackRow, Question, Subscriber

BUTTONS = Limits(text=4096, caption=1024, buttons=100)
PLAIN = Limits(text=2000, caption=0, unit="chars", buttons=0)
ADDRESS = Address("telegram", "42")


class Decided:
    """Rasa as a list of decisions; records what it was asked."""

    def __init__(self, *acts: dict, decision: str = "talk", topic: str | None = None, error: Exception | None = None):
        self.acts, self.decision, self.topic, self.error = acts, decision, topic, error
        self.asked: list[str] = []

    async def ask(self, sender: str, text: str, today: date) -> Reply:
        self.asked.append(text)
        if self.error:
            raise self.error
        return Reply.model_validate({"acts": self.acts, "understood": {"decision": self.decision, "topic": self.topic, "confidence": 0.9}})


class Loa:
    def __init__(self, library: Library, database: Database, clock: ManualClock):
        self.library, self.database, self.clock = library, database, clock

    async def say(self, text: str, rasa: Decided, limits: Limits = BUTTONS, kind: str = "text", media: str | None = None) -> Turned:
        turns = Turns(lambda: self.library, rasa, self.database, self.clock)
        return await turns.take(Incoming(ADDRESS, "1", kind, text, media), limits)  # type: ignore[arg-type]

    async def rows(self, table):  # type: ignore[no-untyped-def]
        async with self.database.read() as connection:
            return list(await connection.execute(select(*table.__table__.columns)))

    async def consent(self) -> subscribers.Consent | None:
        async with self.database.read() as connection:
            return await subscribers.find(connection, ADDRESS)

    def text(self, key: str, **values: str) -> str:
        return self.library.talk.say(key, **values)


@pytest.fixture
def loa(library: Library, sqlite: Database, clock: ManualClock) -> Loa:
    return Loa(library, sqlite, clock)


SUBSCRIBE = {"act": "subscribe", "place": "commune:dien-chau/dien-ky"}
TOPIC = {"act": "answer", "topic": "dinh_danh/o_dau"}


async def test_answers_with_what_holds_on_the_clocks_day(loa: Loa) -> None:
    loa.clock.moment = loa.clock.moment.replace(year=2022, month=12, day=31, hour=23, minute=59)
    act = {"act": "answer", "topic": "so_ho_khau/het_gia_tri"}
    assert "dùng được" in (await loa.say("sổ hộ khẩu", Decided(act))).messages[0].text
    loa.clock.advance(minutes=1)
    assert "hết giá trị" in (await loa.say("sổ hộ khẩu", Decided(act))).messages[0].text


@pytest.mark.parametrize("word", ["DỪNG", "dung", "STOP", "hủy"])
async def test_a_stop_word_ends_messages_before_any_understanding(loa: Loa, word: str) -> None:
    await loa.say("x", Decided(SUBSCRIBE))
    rasa = Decided(TOPIC)
    turned = await loa.say(word, rasa)
    assert [m.text for m in turned.messages] == [loa.text("unsubscribed")]
    assert rasa.asked == ["/cancel"]
    consent = await loa.consent()
    assert consent and not consent.in_force


async def test_a_stop_word_works_while_rasa_is_dead(loa: Loa) -> None:
    await loa.say("x", Decided(SUBSCRIBE))
    turned = await loa.say("DỪNG", Decided(error=TooSlow("")))
    assert turned.messages[0].text == loa.text("unsubscribed")


@pytest.mark.parametrize("rasa", [Decided(TOPIC), Decided(error=TooSlow(""))], ids=["rasa answers", "rasa is dead"])
async def test_the_button_under_a_campaign_message_stops_in_one_tap(loa: Loa, rasa: Decided) -> None:
    await loa.say("x", Decided(SUBSCRIBE))
    turned = await loa.say(STOP.payload or "", rasa, kind="payload")
    assert [m.text for m in turned.messages] == [loa.text("unsubscribed")]
    consent = await loa.consent()
    assert consent and not consent.in_force


async def test_its_number_stops_where_there_are_no_buttons(loa: Loa) -> None:
    await loa.say("x", Decided(SUBSCRIBE))
    async with loa.database.write() as connection:
        await conversations.remember(connection, ADDRESS, ["/c 42.a0", STOP.payload or ""], loa.clock.now())
    turned = await loa.say("2", Decided(TOPIC), PLAIN)
    assert turned.messages[0].text == loa.text("unsubscribed")


async def test_asking_never_subscribes_again_only_an_explicit_word_does(loa: Loa) -> None:
    await loa.say("x", Decided(SUBSCRIBE))
    await loa.say("DỪNG", Decided({"act": "talk", "kind": "cancelled"}))
    await loa.say("định danh ở đâu", Decided(TOPIC, decision="answer", topic="dinh_danh/o_dau"))
    consent = await loa.consent()
    assert consent and not consent.in_force
    await loa.say("tiếp", Decided(TOPIC))
    consent = await loa.consent()
    assert consent and consent.in_force and consent.place == "commune:dien-chau/dien-ky"


async def test_tiep_from_one_who_never_subscribed_goes_to_understanding(loa: Loa) -> None:
    rasa = Decided(TOPIC)
    await loa.say("tiếp", rasa)
    assert rasa.asked == ["tiếp"] and await loa.consent() is None


async def test_tiep_after_the_consent_text_changed_asks_for_consent_anew(loa: Loa) -> None:
    await loa.say("x", Decided(SUBSCRIBE))
    await loa.say("DỪNG", Decided({"act": "talk", "kind": "cancelled"}))
    loa.library = replace(loa.library, talk=replace(loa.library.talk, consent_version="another"))
    rasa = Decided({"act": "ask", "flow": "subscribe", "slot": "consent"})
    turned = await loa.say("TIẾP", rasa)
    assert rasa.asked == ["/subscribe"] and turned.messages[0].text == loa.text("consent")
    consent = await loa.consent()
    assert consent and not consent.in_force


async def test_consent_is_stored_with_its_version_and_time(loa: Loa) -> None:
    turned = await loa.say("x", Decided(SUBSCRIBE))
    consent = await loa.consent()
    assert consent and consent.version == loa.library.talk.consent_version and consent.given_at == loa.clock.now()
    assert "xã Diễn Kỷ" in turned.messages[0].text


async def test_wiping_removes_every_row_that_names_the_resident(loa: Loa) -> None:
    await loa.say("x", Decided(SUBSCRIBE))
    await loa.say("menu", Decided({"act": "menu"}), PLAIN)
    turned = await loa.say("/yes", Decided({"act": "my_data", "op": "delete"}), kind="payload")
    assert turned.messages[0].text == loa.text("data_deleted")
    assert await loa.rows(Subscriber) == [] and await loa.rows(Conversation) == []


async def test_my_data_shows_what_is_stored_and_that_nothing_is(loa: Loa) -> None:
    shown = (await loa.say("dữ liệu", Decided({"act": "my_data", "op": "show"}))).messages[0].text
    assert "chưa đăng ký" in shown
    await loa.say("x", Decided(SUBSCRIBE))
    shown = (await loa.say("dữ liệu", Decided({"act": "my_data", "op": "show"}))).messages[0].text
    assert "xã Diễn Kỷ" in shown and "07/11/2022" in shown


async def test_a_name_written_down_with_a_consent_on_paper_is_shown_and_goes_with_one_given_here(loa: Loa) -> None:
    person = Enrolment(ADDRESS.channel, ADDRESS.chat, None, "giay-2022", loa.clock.now(), name="mệ Lan")
    async with loa.database.write() as connection:
        await subscribers.enrol(connection, [person], loa.clock.now())
    shown = (await loa.say("dữ liệu", Decided({"act": "my_data", "op": "show"}))).messages[0].text
    assert "mệ Lan" in shown and "không lưu tên" not in shown
    await loa.say("x", Decided(SUBSCRIBE))
    shown = (await loa.say("dữ liệu", Decided({"act": "my_data", "op": "show"}))).messages[0].text
    assert "mệ Lan" not in shown and "không lưu tên" in shown


async def test_questions_reach_the_disk_only_redacted(loa: Loa) -> None:
    text = "số cccd 040123456789 sđt 0912345678 làm mức 2 ở đâu"
    await loa.say(text, Decided(TOPIC, decision="answer", topic="dinh_danh/o_dau"))
    [row] = await loa.rows(Question)
    assert "040123456789" not in row.text and "0912345678" not in row.text and "làm mức 2 ở đâu" in row.text
    assert row.topic == "dinh_danh/o_dau" and row.decision == "answer"


async def test_presses_and_talk_are_not_logged_as_questions(loa: Loa) -> None:
    await loa.say("/topic dinh_danh/o_dau", Decided(TOPIC, decision="answer"), kind="payload")
    await loa.say("chào", Decided({"act": "talk", "kind": "greet"}))
    assert await loa.rows(Question) == []


async def test_feedback_is_kept_without_the_person(loa: Loa) -> None:
    await loa.say("/bad dinh_danh/o_dau", Decided({"act": "feedback", "value": "no", "topic": "dinh_danh/o_dau"}), kind="payload")
    [row] = await loa.rows(FeedbackRow)
    assert (row.topic, row.good) == ("dinh_danh/o_dau", False)


async def test_a_number_stands_for_the_choice_it_was_shown_with(loa: Loa) -> None:
    await loa.say("hỏi", Decided({"act": "clarify", "topics": ["dinh_danh/o_dau", "dinh_danh/le_phi"]}), PLAIN)
    rasa = Decided(TOPIC)
    await loa.say("2", rasa, PLAIN)
    await loa.say("9", rasa, PLAIN)
    assert rasa.asked == ["/topic dinh_danh/le_phi", "9"]


@pytest.mark.parametrize(
    ("text", "shows"),
    [("lệ phí?", "degraded"), ("/menu", "menu"), ("/handoff", "handoff")],
)
async def test_without_rasa_the_menu_answers(loa: Loa, text: str, shows: str) -> None:
    turned = await loa.say(text, Decided(error=TooSlow("")), kind="payload" if text.startswith("/") else "text")
    assert turned.messages[0].text.startswith(loa.text(shows)) and turned.messages[0].buttons


async def test_without_rasa_a_pressed_topic_is_answered_from_content(loa: Loa) -> None:
    turned = await loa.say("/topic dinh_danh/o_dau", Decided(error=TooSlow("")), kind="payload")
    assert turned.messages[0].topic == "dinh_danh/o_dau" and turned.messages[0].sources


@pytest.mark.parametrize(("media", "key"), [("voice", "voice_note"), ("sticker", "sticker"), ("photo", "photo"), ("document", "media")])
async def test_what_is_not_text_is_answered_kindly(loa: Loa, media: str, key: str) -> None:
    turned = await loa.say("", Decided(), kind="media", media=media)
    assert turned.messages[0].text == loa.text(key) and turned.messages[0].buttons


async def test_a_question_under_a_picture_is_answered(loa: Loa) -> None:
    turned = await loa.say("làm mức 2 ở đâu", Decided(TOPIC, decision="answer", topic="dinh_danh/o_dau"), kind="media", media="photo")
    assert turned.messages[0].text == loa.text("photo") and turned.messages[1].topic == "dinh_danh/o_dau"


async def test_an_endless_text_is_not_given_to_rasa(loa: Loa) -> None:
    rasa = Decided(TOPIC)
    turned = await loa.say("a" * 5000, rasa)
    assert turned.messages[0].text == loa.text("too_long") and rasa.asked == []


async def test_several_acts_are_performed_in_order(loa: Loa) -> None:
    turned = await loa.say("x", Decided(TOPIC, {"act": "resume", "flow": "checklist", "slot": "age"}))
    assert turned.messages[0].topic == "dinh_danh/o_dau"
    assert turned.messages[1].text.startswith(loa.text("resume"))
