"""The widget on another site's page: opened, used and closed by keyboard, and only where it is allowed."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.async_api import FrameLocator, Page, expect

from bot.understanding.supervisor import free_port
from tests.e2e.conftest import OpenPage
from tests.integration.web.serving import Web, build, running

Screenshot = Callable[[Page, str], Awaitable[None]]

HOST = """<!doctype html><html lang="vi"><head><title>Trang của xã</title>{viewport}</head><body><main><h1>Trang của xã</h1>
<p><a href="#x">Tin tức</a></p></main><script src="{site}widget.js" async></script></body></html>"""
FITS_PHONES = '<meta name="viewport" content="width=device-width, initial-scale=1">'
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture
def host_port() -> int:
    return free_port()


@pytest.fixture
def web(library, sqlite, clock, host_port: int) -> Web:  # type: ignore[no-untyped-def]
    return build(library, sqlite, clock, embed_hosts=(f"http://localhost:{host_port}", f"http://127.0.0.1:{host_port}"))


@pytest_asyncio.fixture
async def host(web: Web, site: str, host_port: int) -> AsyncIterator[str]:
    """Another site's page: another host name and port, so the frame is cross-origin."""
    app = FastAPI()

    @app.get("/")
    async def page(old: bool = False) -> HTMLResponse:
        return HTMLResponse(HOST.format(site=site, viewport="" if old else FITS_PHONES))

    async with running(Web(app, web.turns, web.channel, web.understanding, web.outbox), host_port):
        yield f"http://localhost:{host_port}/"


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("#loa-frame")


async def test_it_opens_answers_and_closes_by_keyboard_and_gives_the_focus_back(
    open_page: OpenPage, host: str, screenshot: Screenshot
) -> None:
    page = await open_page(host, viewport=DESKTOP)
    button = page.get_by_role("button", name="Hỏi Loa")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(button).to_have_attribute("aria-expanded", "true")
    await expect(frame(page).locator("#cau-hoi")).to_be_focused()
    await page.keyboard.insert_text("làm mức 2 ở đâu")
    await page.keyboard.press("Enter")
    await expect(frame(page).locator(".sources")).to_be_visible()
    await screenshot(page, "widget")
    await page.keyboard.press("Escape")
    await expect(page.locator("#loa-frame")).to_be_hidden()
    await expect(button).to_be_focused()
    await expect(button).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("Enter")
    await expect(frame(page).locator(".sources")).to_be_visible()
    await expect(frame(page).locator("#cau-hoi")).to_be_focused()


async def test_on_a_phone_it_fills_the_screen_and_has_a_way_out(open_page: OpenPage, host: str, screenshot: Screenshot) -> None:
    page = await open_page(host, has_touch=True, is_mobile=True)
    await page.get_by_role("button", name="Hỏi Loa").tap()
    await expect(frame(page).get_by_role("button", name="Đóng")).to_be_visible()
    await expect(frame(page).locator("#cau-hoi")).not_to_be_focused()
    box = await page.locator("#loa-frame").bounding_box()
    assert box and (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 740)
    await screenshot(page, "widget_phone")
    await frame(page).get_by_role("button", name="Đóng").tap()
    await expect(page.locator("#loa-frame")).to_be_hidden()


async def test_from_a_page_not_made_for_phones_it_opens_the_chat_page_itself(open_page: OpenPage, host: str, site: str) -> None:
    """A frame on such a page would be shrunk with it to a third."""
    page = await open_page(host + "?old=true", has_touch=True, is_mobile=True)
    async with page.context.expect_page() as opened:
        await page.get_by_role("button", name="Hỏi Loa").tap()
    assert (await opened.value).url == site
    await expect(page.locator("#loa-frame")).to_have_count(0)


async def test_the_conversation_survives_a_reload_of_a_page_of_the_same_site(open_page: OpenPage, host: str) -> None:
    """As loa.example.vn on www.example.vn; on a foreign site it is the browser's choice whether frames may remember."""
    page = await open_page(host.replace("localhost", "127.0.0.1"), viewport=DESKTOP)
    await page.get_by_role("button", name="Hỏi Loa").click()
    await frame(page).locator("button[value='/menu dinh_danh']").click()
    await expect(frame(page).locator(".kept.loa")).to_have_count(1)
    await page.reload()
    await page.get_by_role("button", name="Hỏi Loa").click()
    await expect(frame(page).locator(".kept.loa")).to_have_count(1)


async def test_it_breaks_no_accessibility_rule_on_the_host_page(open_page: OpenPage, host: str) -> None:
    page = await open_page(host, viewport=DESKTOP)
    await page.get_by_role("button", name="Hỏi Loa").click()
    await expect(frame(page).locator("#cau-hoi")).to_be_visible()
    results = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert results.violations_count == 0, results.generate_report()


async def test_included_twice_it_shows_one_button(open_page: OpenPage, host: str, site: str) -> None:
    page = await open_page(host)
    await page.add_script_tag(url=site + "widget.js")
    await expect(page.get_by_role("button", name="Hỏi Loa")).to_have_count(1)


async def test_a_site_that_is_not_allowed_gets_an_empty_frame(library, sqlite, clock, browser, host_port: int) -> None:  # type: ignore[no-untyped-def]
    closed = build(library, sqlite, clock)
    app = FastAPI()
    async with running(closed) as site:

        @app.get("/")
        async def page() -> HTMLResponse:
            return HTMLResponse(HOST.format(site=site, viewport=""))

        async with running(Web(app, closed.turns, closed.channel, closed.understanding, closed.outbox), host_port):
            page_ = await browser.new_page()
            await page_.goto(f"http://localhost:{host_port}/")
            async with page_.expect_console_message(lambda line: "frame-ancestors" in line.text):
                await page_.get_by_role("button", name="Hỏi Loa").click()
            await expect(page_.frame_locator("#loa-frame").locator("#cau-hoi")).to_have_count(0)
            await page_.close()
