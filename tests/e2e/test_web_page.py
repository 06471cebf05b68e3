"""The chat page as a resident uses it, in real Chromium."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect
from sqlalchemy import select

from bot.messages import Address, Media, Message
from bot.store import subscribers
from bot.store.database import Database
from bot.store.tables import FeedbackRow
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import ANSWER, ask, ask_and_hear, heard, said
from tests.integration.web.serving import Web, build, running

Screenshot = Callable[[Page, str], Awaitable[None]]


async def _state(page: Page) -> dict:  # type: ignore[type-arg]
    return await page.evaluate("JSON.parse(localStorage.getItem('loa.tro-chuyen'))")


async def test_the_first_screen_says_who_loa_is_what_it_knows_and_what_not_to_send(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = await open_page()
    await screenshot(page, "first")
    for text in ("Máy trả lời tự động", "không phải cán bộ", "Đừng gửi số căn cước"):
        await expect(page.get_by_text(text).first).to_be_in_viewport()
    assert await page.locator("button[value^='/menu ']").count() == 6
    assert await page.locator("html").get_attribute("lang") == "vi"


async def test_a_question_is_answered_with_its_sources_and_what_to_ask_next(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = await open_page()
    answer = await ask_and_hear(page)
    await expect(answer.locator(".sources")).to_contain_text("📜 Căn cứ: Nghị định số 59/2022")
    await expect(answer.locator("button[value^='/topic ']").first).to_be_visible()
    sizes = await answer.locator(".bubble > p").evaluate_all("nodes => nodes.map(node => parseFloat(getComputedStyle(node).fontSize))")
    assert sizes[-1] < sizes[0] and sizes[-1] >= 14
    await expect(said(page).last).to_be_in_viewport()
    await screenshot(page, "answer")


async def test_steps_are_a_real_list(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = await open_page()
    await page.click("button[value='/menu dinh_danh']")
    await page.click("button[value='/topic dinh_danh/dang_ky_muc_2']")
    steps = heard(page).last.locator("ol li")
    await expect(steps.first).to_be_visible()
    assert not (await steps.first.inner_text()).startswith("1.")
    await screenshot(page, "steps")


async def test_official_links_open_in_a_new_tab_that_cannot_reach_back(open_page: OpenPage, web: Web) -> None:
    topic = next((topic for topic in web.turns.library().topics.values() if topic.buttons), None)
    assert topic, "content without a single official link"
    page = await open_page()
    await page.evaluate("topic => { document.querySelector('#cuoc-tro-chuyen button').value = '/topic ' + topic; }", topic.id)
    await page.locator("#cuoc-tro-chuyen button").first.click()
    link = heard(page).last.locator("a.btn").first
    assert await link.get_attribute("target") == "_blank"
    assert "noopener" in (await link.get_attribute("rel") or "")
    assert (await link.get_attribute("href") or "").startswith("https://")


async def test_thumbs_are_stored_once_and_show_that_they_were_pressed(open_page: OpenPage, sqlite: Database) -> None:
    page = await open_page()
    await ask_and_hear(page)
    good, bad = page.locator("button[value^='/good']"), page.locator("button[value^='/bad']")
    await good.click()
    await expect(heard(page)).to_have_count(2)
    await expect(good).to_have_attribute("aria-pressed", "true")
    await bad.click(force=True)
    await expect(bad).to_have_attribute("aria-disabled", "true")
    await page.reload()
    await expect(good).to_have_attribute("aria-pressed", "true")
    async with sqlite.read() as connection:
        rows = (await connection.execute(select(FeedbackRow.topic, FeedbackRow.good))).all()
    assert [tuple(row) for row in rows] == [(ANSWER, True)]


async def test_on_a_slow_line_the_message_shows_at_once_and_questions_keep_their_order(open_page: OpenPage, web: Web) -> None:
    page = await open_page()
    web.understanding.gate.clear()
    await ask(page, "thủ tục")
    await expect(said(page).last).to_contain_text("Đang gửi…")
    await expect(page.locator("#dang-tra-loi")).to_have_text("Loa đang trả lời…")
    await ask(page, "làm mức 2 ở đâu")
    web.understanding.gate.set()
    await expect(heard(page)).to_have_count(2)
    await expect(page.get_by_text("Đang gửi…")).to_have_count(0)
    assert [text for _, text in web.understanding.asked] == ["thủ tục", "làm mức 2 ở đâu"]


async def test_a_failed_question_can_be_sent_again(open_page: OpenPage, web: Web, screenshot: Screenshot) -> None:
    page = await open_page()
    await page.route("**/api/chat", lambda route: route.abort())
    await ask(page)
    await expect(said(page).last.get_by_role("button", name="Gửi lại")).to_be_visible()
    await screenshot(page, "failed")
    await page.unroute("**/api/chat")
    await page.get_by_role("button", name="Gửi lại").click()
    await expect(heard(page)).to_have_count(1)
    await expect(page.get_by_role("button", name="Gửi lại")).to_have_count(0)


async def test_a_lost_reply_is_fetched_again_without_asking_twice(open_page: OpenPage, web: Web) -> None:
    page = await open_page()
    await ask_and_hear(page, "thủ tục")

    async def lose(route) -> None:  # type: ignore[no-untyped-def]
        await route.fetch()
        await route.abort()

    await page.route("**/api/chat", lose)
    await ask(page)
    await expect(page.get_by_role("button", name="Gửi lại")).to_be_visible()
    await page.unroute("**/api/chat")
    await page.get_by_role("button", name="Gửi lại").click()
    await expect(heard(page)).to_have_count(2)
    assert [text for _, text in web.understanding.asked] == ["thủ tục", "làm mức 2 ở đâu"]


async def test_offline_is_said_and_what_was_typed_goes_out_when_the_line_is_back(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = await open_page()
    await page.context.set_offline(True)
    await expect(page.locator("#mat-mang")).to_contain_text("Đang mất mạng")
    await ask(page)
    await expect(said(page).last).to_contain_text("Chưa gửi được")
    await screenshot(page, "offline")
    await page.context.set_offline(False)
    await expect(heard(page)).to_have_count(1)
    await expect(page.locator("#mat-mang")).to_be_empty()


async def test_the_servers_own_words_are_shown_when_it_refuses(open_page: OpenPage, web: Web) -> None:
    page = await open_page()
    busy = web.turns.library().talk.say("busy")
    await page.route("**/api/chat", lambda route: route.fulfill(status=429, json={"error": "too_many", "message": busy}))
    await ask(page)
    await expect(said(page).last).to_contain_text(busy)
    await expect(page.get_by_role("button", name="Gửi lại")).to_be_visible()


async def test_a_text_too_long_stays_in_the_field_with_a_word_why(open_page: OpenPage, web: Web) -> None:
    page = await open_page()
    await ask(page, "a" * 1600)
    await expect(page.get_by_role("alert")).to_contain_text("1600")
    assert await page.locator("#cau-hoi").input_value() == "a" * 1600
    assert web.understanding.asked == []


async def test_a_reload_keeps_the_conversation_and_its_session(open_page: OpenPage, web: Web) -> None:
    page = await open_page()
    await ask_and_hear(page)
    await page.reload()
    await expect(heard(page)).to_have_count(1)
    await expect(heard(page).last.locator(".sources")).to_be_visible()
    await ask_and_hear(page, "thủ tục")
    assert len({sender for sender, _ in web.understanding.asked}) == 1


async def test_a_restarted_server_does_not_end_the_conversation(open_page: OpenPage, library, sqlite, clock) -> None:  # type: ignore[no-untyped-def]
    first, second = build(library, sqlite, clock), build(library, sqlite, clock)
    async with running(first) as url:
        page = await open_page(url)
        await ask_and_hear(page)
    await ask(page, "thủ tục")
    await expect(page.get_by_role("button", name="Gửi lại")).to_be_visible()
    async with running(second, port=int(url.rstrip("/").rpartition(":")[2])):
        await page.get_by_role("button", name="Gửi lại").click()
        await expect(heard(page)).to_have_count(2)
        assert second.understanding.asked[0][0] == first.understanding.asked[0][0]
        session = (await _state(page))["session"]
        await second.channel.send(Address("web", session), Message("sau khi khởi động lại"))
        await expect(page.get_by_text("sau khi khởi động lại")).to_be_visible(timeout=30_000)  # the page waits longer after each failed try


async def test_clearing_asks_first_then_forgets_here_and_ends_campaign_messages(
    open_page: OpenPage, web: Web, sqlite: Database, screenshot: Screenshot
) -> None:
    page = await open_page()
    await ask_and_hear(page, "đồng ý")
    session = (await _state(page))["session"]
    await page.get_by_role("button", name="Xóa cuộc trò chuyện").click()
    await expect(page.get_by_role("button", name="Giữ lại")).to_be_focused()
    await screenshot(page, "clear")
    await page.get_by_role("button", name="Giữ lại").click()
    await expect(heard(page)).to_have_count(1)
    await page.get_by_role("button", name="Xóa cuộc trò chuyện").click()
    async with page.expect_response("**/api/chat"):
        await page.get_by_role("button", name="Xóa hết").click()
    await expect(page.locator(".kept")).to_have_count(0)
    assert await _state(page) == {"session": None, "after": None, "seen": [], "items": []}
    async with sqlite.read() as connection:
        consent = await subscribers.find(connection, Address("web", session))
    assert consent is not None and not consent.in_force
    await ask_and_hear(page)
    assert (await _state(page))["session"] != session


async def test_a_campaign_message_reaches_the_open_page_and_one_opened_later(open_page: OpenPage, web: Web) -> None:
    page = await open_page()
    await ask_and_hear(page)
    to = Address("web", (await _state(page))["session"])
    await web.channel.send(to, Message("Còn 54 ngày là bỏ sổ hộ khẩu giấy."))
    await expect(heard(page).last).to_contain_text("Còn 54 ngày")
    await page.goto("about:blank")
    await web.channel.send(to, Message("Còn 53 ngày."))
    await page.go_back()
    await expect(heard(page).last).to_contain_text("Còn 53 ngày.")
    await expect(page.get_by_text("Còn 54 ngày")).to_have_count(1)


async def test_where_no_stream_is_to_be_had_the_page_asks_now_and_then(open_page: OpenPage, web: Web) -> None:
    page = await open_page()
    await page.evaluate("delete window.EventSource")
    await ask_and_hear(page)
    await web.channel.send(Address("web", (await _state(page))["session"]), Message("tin chiến dịch"))
    await page.reload()
    await expect(page.get_by_text("tin chiến dịch")).to_be_visible()


async def test_pictures_and_sound_come_from_this_server(open_page: OpenPage, web: Web) -> None:
    root = web.turns.library().media
    page = await open_page()
    await ask_and_hear(page)
    media = (Media("photo", str(root / "a.png"), "a"), Media("audio", str(root / "b.mp3"), "b"))
    await web.channel.send(Address("web", (await _state(page))["session"]), Message("có ảnh", media=media))
    await expect(heard(page).last.locator("img[src='media/a.png'][alt]")).to_have_count(1)
    await expect(heard(page).last.locator("audio[controls][aria-label]")).to_have_count(1)


async def test_large_type_is_remembered(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = await open_page()
    size = "parseFloat(getComputedStyle(document.querySelector('.bubble')).fontSize)"
    before = await page.evaluate(size)
    switch = page.get_by_role("button", name="Chữ to")
    await switch.click()
    await expect(switch).to_have_attribute("aria-pressed", "true")
    await page.reload()
    assert await page.evaluate(size) >= before * 1.3
    await ask_and_hear(page)
    await screenshot(page, "large")


async def test_what_is_typed_shows_as_text(open_page: OpenPage) -> None:
    page = await open_page()
    hostile = "<img src=x onerror=document.title='!'><b>đậm</b>"
    await ask_and_hear(page, hostile)
    await page.reload()
    await expect(said(page).last.locator(".bubble")).to_have_text(hostile)
    assert "!" not in await page.title()


async def test_a_spoiled_memory_starts_anew(open_page: OpenPage) -> None:
    page = await open_page()
    for spoiled in ("{", "7", '{"items": 3}'):
        await page.evaluate("text => localStorage.setItem('loa.tro-chuyen', text)", spoiled)
        await page.reload()
        await ask_and_hear(page)


async def test_enter_that_ends_a_vietnamese_syllable_does_not_send(open_page: OpenPage, web: Web) -> None:
    page = await open_page()
    await page.locator("#cau-hoi").fill("làm mức 2")
    await page.evaluate(
        "document.querySelector('#cau-hoi').dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    await page.keyboard.press("Shift+Enter")
    await expect(said(page)).to_have_count(0)
    assert (await page.locator("#cau-hoi").input_value()).startswith("làm mức 2")


async def test_without_javascript_the_page_answers_too(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = await open_page(java_script_enabled=False)
    assert await page.get_by_role("button", name="Chữ to").count() == 0
    await page.locator("#cau-hoi").fill("làm mức 2 ở đâu")
    await page.locator(".send").click()
    await expect(page.locator(".sources")).to_be_visible()
    await expect(page.get_by_text("Mức 2 bà con làm").first).to_be_in_viewport()
    await screenshot(page, "without_javascript")
    await page.click("button[value='/topic dinh_danh/giay_to_can_mang']")
    await expect(page.locator(".sources")).to_be_visible()


async def test_the_page_names_everything_relative_to_itself(open_page: OpenPage) -> None:
    """So that a proxy may put it below a path."""
    page = await open_page()
    addresses = await page.evaluate(
        "[...document.querySelectorAll('[src],link[href]')].map(node => node.getAttribute('src') || node.getAttribute('href'))"
    )
    assert addresses and not [address for address in addresses if address.startswith("/")]
