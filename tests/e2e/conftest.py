"""A real Chromium on a real server. Every page that a test opens is watched: nothing is fetched from elsewhere, no script fails."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from bot.clock import ManualClock
from bot.content.library import Library
from bot.settings import ROOT
from bot.store.database import Database
from tests.integration.web.serving import Web, build, running

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
SCREENSHOTS = ROOT / "build" / "screenshots"  # looked at by people; no test compares them

OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
def web(library: Library, sqlite: Database, clock: ManualClock) -> Web:
    return build(library, sqlite, clock)


@pytest_asyncio.fixture
async def site(web: Web) -> AsyncIterator[str]:
    async with running(web) as url:
        yield url


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        options: dict[str, Any] = {"executable_path": CHROMIUM} if Path(CHROMIUM).exists() else {}
        chromium = await playwright.chromium.launch(args=QUIET, **options)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture
async def open_page(browser: Browser, site: str) -> AsyncIterator[OpenPage]:
    """Opens the chat page (or `address`) on a phone; `options` are those of a browser context."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_(address: str = site, **options: Any) -> Page:
            context = await browser.new_context(**({"viewport": PHONE, "reduced_motion": "reduce", "locale": "vi-VN"} | options))
            stack.push_async_callback(context.close)
            page = await context.new_page()
            wrong: list[str] = []
            page.on(
                "request",
                lambda request: None if request.url.startswith(("http://127.0.0.1:", "http://localhost:")) else wrong.append(request.url),
            )
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None)
            stack.callback(lambda: _assert_nothing(wrong))
            await page.goto(address)
            return page

        yield open_


def _assert_nothing(wrong: list[str]) -> None:
    assert wrong == []


@pytest.fixture
def screenshot() -> Callable[[Page, str], Awaitable[None]]:
    async def take(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return take
