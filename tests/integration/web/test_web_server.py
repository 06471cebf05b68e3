"""Health, figures, headers, files, the form without JavaScript and the door for Telegram."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest

from bot.errors import SettingError
from bot.settings import load as load_settings
from bot.web.pages import HERE, STATIC
from tests.integration.web.serving import Web, build

BUDGET = 60_000  # bytes of page, style and script together, uncompressed


async def test_the_process_lives(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("parts", "status", "word"),
    [
        ({"database": "ok", "content": "ok", "rasa": "ok"}, 200, "ready"),
        ({"database": "ok", "content": "ok", "rasa": "starting"}, 200, "degraded"),
        ({"database": "away", "content": "ok", "rasa": "ok"}, 503, "unavailable"),
        ({"database": "ok", "content": "broken", "rasa": "ok"}, 503, "unavailable"),
        ({"rasa": "ok"}, 503, "unavailable"),
    ],
)
async def test_readiness_tells_what_answers(library, sqlite, clock, client_of, parts, status, word) -> None:  # type: ignore[no-untyped-def]
    async def ready() -> Mapping[str, str]:
        return parts

    response = await client_of(build(library, sqlite, clock, ready=ready)).get("/readyz")
    assert response.status_code == status
    assert response.json() == {"status": word, **parts}


async def test_metrics_count_the_turns(client: httpx.AsyncClient) -> None:
    await client.post("/api/chat", json={"text": "làm mức 2 ở đâu"})
    assert 'loa_turns_total{channel="web",decision="answer"}' in (await client.get("/metrics")).text


async def test_telegram_knocks_at_its_own_door(library, sqlite, clock, client_of) -> None:  # type: ignore[no-untyped-def]
    came: list[tuple[bytes, str | None]] = []

    async def webhook(body: bytes, secret: str | None) -> int:
        came.append((body, secret))
        return 200 if secret == "s" else 403

    client = client_of(build(library, sqlite, clock, telegram_webhook=webhook))
    update = b'{"update_id": 1, "pad": "' + b"x" * 100_000 + b'"}'
    headers = {"X-Telegram-Bot-Api-Secret-Token": "s"}
    assert (await client.post("/telegram/webhook", content=update, headers=headers)).status_code == 200
    assert (await client.post("/telegram/webhook", content=b"{}")).status_code == 403
    assert came == [(update, "s"), (b"{}", None)]


async def test_without_telegram_there_is_no_such_door(client: httpx.AsyncClient) -> None:
    response = await client.post("/telegram/webhook", content=b"{}")
    assert response.status_code == 404
    assert "message" in response.json()


@pytest.mark.parametrize("path", ["/", "/embed", "/widget.js", "/static/loa.css", "/api/chat", "/nowhere", "/healthz", "/openapi.json"])
async def test_every_answer_is_kept_to_itself(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_only_the_embedded_page_may_be_framed_and_only_by_the_sites_set(library, sqlite, clock, client_of) -> None:  # type: ignore[no-untyped-def]
    client = client_of(build(library, sqlite, clock, embed_hosts=("https://xa.example", "https://*.tinh.example")))
    embedded, alone = (await client.get("/embed")).headers, (await client.get("/")).headers
    assert "frame-ancestors 'self' https://xa.example https://*.tinh.example" in embedded["content-security-policy"]
    assert "x-frame-options" not in embedded
    assert "frame-ancestors 'none'" in alone["content-security-policy"]
    assert alone["x-frame-options"] == "DENY"


@pytest.mark.parametrize("site", ["xa.example", "https://xa.example/trang", "https://xa.example;script-src *", "javascript:alert(1)", "*"])
def test_a_setting_that_is_no_site_is_refused(site: str) -> None:
    with pytest.raises(SettingError, match="LOA_WEB_EMBED_HOSTS"):
        load_settings(web_embed_hosts=site)


async def test_the_page_fits_a_slow_line(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["content-encoding"] == "gzip"
    assets = re.findall(r'(?:href|src)="(static/[^"]+)"', page.text)
    bodies = {path: (await client.get("/" + path)).content for path in set(assets)}
    assert {path.partition("?")[0] for path in bodies} == {"static/loa.css", "static/loa.js", "static/loa.svg"}
    whole = len(page.content) + sum(map(len, bodies.values()))
    assert whole <= BUDGET
    assert sum(len(gzip.compress(body)) for body in (page.content, *bodies.values())) <= 20_000


async def test_styles_and_scripts_are_kept_by_the_browser_until_they_change(client: httpx.AsyncClient) -> None:
    address = re.search(r'src="(static/loa\.js\?v=[0-9a-f]+)"', (await client.get("/")).text)
    assert address
    assert "immutable" in (await client.get("/" + address[1])).headers["cache-control"]
    assert (await client.get("/widget.js")).headers["cache-control"] == "public, max-age=3600"
    assert (await client.get("/")).headers["cache-control"] == "no-store"


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    for path in [*STATIC.iterdir(), *(HERE / "templates").iterdir()]:
        addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", path.read_text())
        assert [address for address in addresses if "www.w3.org/2000/svg" not in address] == [], path.name


def test_scripts_and_styles_stay_within_what_old_phones_know() -> None:
    """Chrome 60 stands for the cheap phones still in use."""
    for path in STATIC.glob("*.js"):
        code = _without_comments(path.read_text())
        for newer in (r"\?\.\w", r"\?\?", r"\basync ", r"\bawait ", r"\.\.\.\w", r"\.replaceAll\(", r"\.at\(", r"\.flat\(", r"\bimport\b"):
            assert not re.search(newer, code), (path.name, newer)
    style = _without_comments((STATIC / "loa.css").read_text())
    for newer in (r"[^-]gap:", r":focus-visible", r":is\(", r":where\(", r"\binset:", r"\bdvh\b", r"\bclamp\(", r"color-mix"):
        assert not re.search(newer, style), newer


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|(?<![:\\])//[^\n]*", "", text, flags=re.S)


async def test_without_javascript_the_form_is_answered_with_a_page(web: Web, client: httpx.AsyncClient) -> None:
    page = await client.post("/", data={"text": "làm mức 2 ở đâu", "session": ""})
    session = re.search(r'name="session" value="([\w-]{32})"', page.text)
    assert page.status_code == 200 and session
    assert "📜 Căn cứ:" in page.text
    pressed = await client.post("/", data={"payload": "/menu dinh_danh", "session": session[1]})
    assert 'value="/topic dinh_danh/o_dau"' in pressed.text
    assert [sender for sender, _ in web.understanding.asked] == [f"web:{session[1]}"] * 2


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("text=", 422),
        ("text=" + "a" * 1501, 422),
        ("text=a&session=short", 422),
        ("&".join(f"k{n}=1" for n in range(50)), 422),
        ("%ff%fe", 422),
        ("text=" + "a" * 20_000, 413),
    ],
)
async def test_a_form_that_cannot_be_answered_says_so(client: httpx.AsyncClient, content: str, status: int) -> None:
    page = await client.post("/", content=content, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert page.status_code == status
    assert status == 413 or 'role="alert"' in page.text


async def test_what_the_resident_writes_is_text_and_never_markup(client: httpx.AsyncClient) -> None:
    for text in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a" * 1501 + "</textarea><script>"):
        page = await client.post("/", data={"text": text})
        assert "<script>" not in page.text and "<img src=x" not in page.text


async def test_media_are_served_and_nothing_beside_them(library, sqlite, clock, client_of, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.yml").write_text("x")
    client = client_of(build(replace(library, media=tmp_path / "media"), sqlite, clock))
    assert (await client.get("/media/a.png")).content == b"\x89PNG"
    for path in ("/media/../secret.yml", "/media/%2e%2e/secret.yml", "/media/..%2fsecret.yml", "/media/", "/static/../app.py"):
        assert (await client.get(path)).status_code == 404, path
