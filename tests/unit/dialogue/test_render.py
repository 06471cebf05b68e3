"""What residents read for each act, on the day they read it."""

from datetime import date

import pytest

from bot.content.library import Library
from bot.dialogue import acts
from bot.dialogue.payloads import Payload, parse
from bot.dialogue.render import Renderer

BEFORE, AFTER = date(2022, 12, 31), date(2023, 1, 1)


def answer(library: Library, day: date, topic: str, **about: object):  # type: ignore[no-untyped-def]
    return Renderer(library, day).answer(acts.AnswerTopic.model_validate({"act": "answer", "topic": topic, **about}))


def test_the_answer_changes_with_the_law_at_midnight(library: Library) -> None:
    assert "dùng được" in answer(library, BEFORE, "so_ho_khau/het_gia_tri").text
    assert "hết giá trị" in answer(library, AFTER, "so_ho_khau/het_gia_tri").text


def test_every_answer_names_its_source_and_offers_a_way_on(library: Library) -> None:
    for topic in library.topics:
        message = answer(library, date(2026, 11, 24), topic)
        assert message.sources and message.topic == topic
        verbs = [p.verb for row in message.buttons for b in row if b.payload and (p := parse(b.payload))]
        assert "topic" in verbs and verbs[-2:] == ["good", "bad"]


def test_a_law_of_tomorrow_is_no_basis_today(library: Library) -> None:
    before = answer(library, date(2022, 11, 7), "dinh_danh/o_dau").sources
    after = answer(library, date(2024, 7, 1), "dinh_danh/o_dau").sources
    assert not any("69/2024" in source for source in before) and any("69/2024" in source for source in after)


def test_what_was_asked_about_a_child_comes_first(library: Library) -> None:
    topic = library.topics["dinh_danh/dang_ky_muc_2"]
    part = topic.answer_on(date(2026, 11, 24)).parts["child"]
    assert answer(library, date(2026, 11, 24), topic.id, entities={"age": 12}).text.startswith(part)
    assert not answer(library, date(2026, 11, 24), topic.id, entities={"age": 30}).text.startswith(part)


def test_a_topic_the_content_no_longer_has_is_not_silence(library: Library) -> None:
    assert answer(library, BEFORE, "dinh_danh/khong_con").text == library.talk.say("out_of_scope")


def test_the_menu_reaches_every_topic_in_two_presses(library: Library) -> None:
    renderer = Renderer(library, BEFORE)
    groups = [p.argument for row in renderer.menu().buttons for b in row if (p := parse(b.payload or "")) and p.verb == "menu"]
    reached = {
        p.argument for g in groups for row in renderer.menu(g).buttons for b in row if (p := parse(b.payload or "")) and p.verb == "topic"
    }
    assert reached == set(library.topics)


def test_a_clarification_offers_the_topics_and_none_of_them(library: Library) -> None:
    message = Renderer(library, BEFORE).clarify(["dinh_danh/o_dau", "dinh_danh/le_phi"])
    assert [row[0].payload for row in message.buttons] == ["/topic dinh_danh/o_dau", "/topic dinh_danh/le_phi", "/none"]


def test_consent_is_asked_with_its_whole_text_first(library: Library) -> None:
    messages = Renderer(library, BEFORE).ask(acts.Ask(act="ask", flow="subscribe", slot="consent"))
    assert [m.text for m in messages] == [library.talk.say("consent"), library.talk.say("ask_consent_buttons")]
    assert [b.payload for b in messages[1].buttons[0]] == ["/yes", "/no"]


def test_places_of_one_name_are_told_apart(library: Library) -> None:
    options = ("commune:quynh-luu/tan-son", "commune:do-luong/tan-son")
    message = Renderer(library, AFTER).ask(acts.Ask(act="ask", flow="where", slot="place", options=options))[0]
    assert [row[0].text for row in message.buttons[:2]] == ["Xã Tân Sơn, Huyện Quỳnh Lưu (cũ)", "Xã Tân Sơn, Huyện Đô Lương (cũ)"]


@pytest.mark.parametrize(
    ("day", "place", "says"),
    [
        (date(2022, 11, 7), "commune:dien-chau/dien-ky", "ở xã Diễn Kỷ"),
        (date(2026, 11, 24), "commune:dien-chau/dien-ky", "Xã Diễn Kỷ cũ nay thuộc xã Đức Châu"),
        (date(2026, 11, 24), "unit:vinh-phu", "công an phường Vinh Phú"),
        (date(2026, 11, 24), "district:vinh", "nay chia thành: "),
    ],
)
def test_where_to_go_names_the_unit_of_the_day(library: Library, day: date, place: str, says: str) -> None:
    assert says in Renderer(library, day).where(place).text


@pytest.mark.parametrize(
    ("day", "age", "card", "topics"),
    [
        (date(2026, 11, 24), 40, True, ["dinh_danh/giay_to_can_mang", "dinh_danh/o_dau"]),
        (date(2026, 11, 24), 40, False, ["can_cuoc/lam_the", "dinh_danh/giay_to_can_mang", "dinh_danh/o_dau"]),
        (date(2026, 11, 24), 8, False, ["can_cuoc/tre_em", "dinh_danh/giay_to_can_mang", "dinh_danh/o_dau"]),
        (date(2026, 11, 24), 86, True, ["dinh_danh/giay_to_can_mang", "dinh_danh/nguoi_gia_yeu", "dinh_danh/o_dau"]),
        (date(2022, 11, 7), 8, False, ["dinh_danh/do_tuoi"]),  # children had neither card nor level 2 of their own
    ],
)
def test_a_checklist_fits_age_card_and_the_law_of_the_day(library: Library, day: date, age: int, card: bool, topics: list[str]) -> None:
    act = acts.Checklist(act="checklist", age=age, card=card, place="commune:dien-chau/dien-ky")
    messages = Renderer(library, day).checklist(act)
    assert [message.topic for message in messages] == topics


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("/topic dinh_danh/o_dau", Payload("topic", "dinh_danh/o_dau")),
        ("/menu", Payload("menu")),
        ("menu", None),
        ("/ what", None),
        ("/" + "x" * 80, None),
    ],
)
def test_payloads_are_read_exactly(text: str, payload: Payload | None) -> None:
    assert parse(text) == payload
