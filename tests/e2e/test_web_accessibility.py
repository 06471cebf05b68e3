"""Usable by everybody: axe's WCAG 2.2 AA rules in every look and state, then what no rule set can see."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import ask, ask_and_hear, said

Screenshot = Callable[[Page, str], Awaitable[None]]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 568}},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}


async def _all_states(page: Page) -> None:
    """An answer with a pressed thumb, a failed question, a text too long, the question before clearing, no network."""
    await ask_and_hear(page)
    await page.locator("button[value^='/good']").click()
    await expect(page.locator(".msg.loa.kept")).to_have_count(2)
    await page.context.set_offline(True)
    await ask(page, "thủ tục")
    await expect(page.get_by_role("button", name="Gửi lại")).to_be_visible()
    await page.get_by_role("button", name="Xóa cuộc trò chuyện").click()
    await ask(page, "a" * 1600)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
async def test_no_rule_is_broken_in_any_look_or_state(open_page: OpenPage, screenshot: Screenshot, look: str, large: bool) -> None:
    page = await open_page(**LOOKS[look])
    if large:
        await page.get_by_role("button", name="Chữ to").click()
    for state in (None, _all_states):
        if state:
            await state(page)
        await screenshot(page, f"{look}{'_large' if large else ''}{'_states' if state else ''}")
        results = await Axe().run(page, options=RULES)
        assert results.violations_count == 0, results.generate_report()
        wide = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], "scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_is_pressed_is_big_enough_and_its_edge_visible(open_page: OpenPage, scheme: str) -> None:
    page = await open_page(color_scheme=scheme, viewport={"width": 320, "height": 640})
    await ask_and_hear(page)
    small = await page.evaluate(
        """[...document.querySelectorAll('button, a.btn, textarea')].filter(node => node.offsetParent)
           .map(node => [node.textContent, node.getBoundingClientRect()]).filter(([, box]) => box.height < 44 || box.width < 44)
           .map(([text]) => text)"""
    )
    assert small == []
    for selector in ("textarea", ".row .btn"):
        assert await _contrast(page, selector, "borderTopColor") >= 3


async def _contrast(page: Page, selector: str, key: str) -> float:
    """Of a colour of the element against the page's background."""
    return await page.evaluate(
        """([selector, key]) => {
            const light = colour => {
                const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
                    .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
                return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
            };
            const [a, b] = [getComputedStyle(document.querySelector(selector))[key], getComputedStyle(document.body).backgroundColor]
                .map(light).sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05);
        }""",
        [selector, key],
    )


FOCUSED = """() => {
    const node = document.activeElement, box = node.getBoundingClientRect(), style = getComputedStyle(node);
    const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return {name: node.id || node.value || node.textContent.trim(), tag: node.tagName,
            outline: parseFloat(style.outlineWidth) * (style.outlineStyle !== 'none'), covered: !(seen && (node === seen || node.contains(seen)))};
}"""


@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
async def test_tab_goes_through_everything_in_reading_order_and_focus_is_never_hidden(open_page: OpenPage, large: bool) -> None:
    page = await open_page()
    if large:
        await page.get_by_role("button", name="Chữ to").click()
    await ask_and_hear(page)
    await page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    await page.reload()
    order = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(FOCUSED)
        if focused["tag"] == "BODY":
            break
        order.append(focused)
    names = [focused["name"] for focused in order]
    assert names[:2] == ["Đến ô nhập câu hỏi", "chu-to"]
    assert names[-3:] == ["xoa-hoi", "cau-hoi", "Gửi"]
    assert names[2].startswith("/menu ") and names[-4].startswith("/bad ")
    for focused in order:
        assert focused["outline"] >= 2, focused
        assert not focused["covered"], focused


async def test_the_skip_link_leads_to_the_question(open_page: OpenPage) -> None:
    page = await open_page()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#cau-hoi")).to_be_focused()


async def test_a_screen_reader_hears_the_answer_but_not_the_old_conversation_again(open_page: OpenPage) -> None:
    page = await open_page()
    log = page.get_by_role("log", name="Cuộc trò chuyện với Loa")
    await expect(log).to_have_attribute("aria-live", "polite")
    await ask_and_hear(page)
    assert (await said(page).last.inner_text()).split() == ["Bà", "con:", "làm", "mức", "2", "ở", "đâu"]
    await page.add_init_script(
        """window.aloud = [];
           new MutationObserver(changes => changes.forEach(change => {
               const log = document.querySelector('#cuoc-tro-chuyen');
               if (change.target === log && [...change.addedNodes].some(node => node.classList && node.classList.contains('kept')))
                   window.aloud.push(log.getAttribute('aria-live'));
           })).observe(document, {childList: true, subtree: true});"""
    )
    await page.reload()
    await expect(log).to_have_attribute("aria-live", "polite")
    assert await page.evaluate("window.aloud") == ["off", "off"]
    await ask_and_hear(page)
    assert await page.evaluate("window.aloud") == ["off", "off", "polite", "polite"]


@pytest.mark.parametrize(("motion", "animation"), [("reduce", "none"), ("no-preference", "come")])
async def test_nothing_moves_for_those_who_ask_for_stillness(open_page: OpenPage, motion: str, animation: str) -> None:
    page = await open_page(reduced_motion=motion)
    answer = await ask_and_hear(page)
    assert await answer.evaluate("node => getComputedStyle(node).animationName") == animation


async def test_zoomed_to_four_hundred_percent_nothing_sticks_over_the_text(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = await open_page(viewport={"width": 320, "height": 256})
    await ask_and_hear(page)
    await screenshot(page, "zoomed")
    assert await page.locator(".ask").evaluate("node => getComputedStyle(node).position") == "static"
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
