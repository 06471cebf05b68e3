"""What a resident does on the page."""

from playwright.async_api import Locator, Page, expect

ANSWER = "dinh_danh/o_dau"


async def ask(page: Page, text: str = "làm mức 2 ở đâu") -> None:
    """By keyboard alone."""
    await page.locator("#cau-hoi").focus()
    await page.keyboard.insert_text(text)
    await page.keyboard.press("Enter")


def heard(page: Page) -> Locator:
    """What Loa has said since the greeting."""
    return page.locator(".msg.loa.kept")


def said(page: Page) -> Locator:
    return page.locator(".msg.me")


async def ask_and_hear(page: Page, text: str = "làm mức 2 ở đâu") -> Locator:
    before = await heard(page).count()
    await ask(page, text)
    await expect(heard(page)).to_have_count(before + 1)
    return heard(page).last
