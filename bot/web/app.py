"""The web server's application: page, widget, API, health and the door for Telegram's webhook."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from bot.channels.web import WebChannel
from bot.services.outbox import Outbox
from bot.services.turn import Turns
from bot.web import api, pages, problems
from bot.web.chat import Chat
from bot.web.middleware import BodyLimit, SecurityHeaders
from bot.web.problems import Refused
from bot.web.rate import RateLimit

log = structlog.get_logger()

READY_SECONDS = 5.0
WEBHOOK = "/telegram/webhook"
WEBHOOK_LIMIT = 1024 * 1024  # bytes: a forwarded message with entities is far over a question's size
POLLS = 60  # a minute and client: an open page asks once

# State by part: "ok", or a word of what is the matter. Without database or content nothing can be answered.
Ready = Callable[[], Awaitable[Mapping[str, str]]]
NEEDED = ("database", "content")
# The body and the secret-token header, None when absent; returns the HTTP status for Telegram.
TelegramWebhook = Callable[[bytes, str | None], Awaitable[int]]


def create_app(
    turns: Turns,
    channel: WebChannel,
    outbox: Outbox,
    *,
    rate_per_minute: int,
    trust_proxy: bool,
    embed_hosts: tuple[str, ...],
    ready: Ready,
    telegram_webhook: TelegramWebhook | None = None,
) -> FastAPI:
    chat = Chat(turns, channel, RateLimit(rate_per_minute))
    app = FastAPI(
        title="Loa",
        summary="Answers on electronic identification, residence and online public services in Nghệ An",
        version="1",
        docs_url=None,  # FastAPI's pages load scripts from a CDN; docs/reference/api.md and /openapi.json serve instead
        redoc_url=None,
    )
    app.include_router(api.routes(chat, outbox, RateLimit(POLLS), trust_proxy))
    app.include_router(pages.routes(chat, turns, trust_proxy))
    app.mount("/static", pages.VersionedFiles(directory=pages.STATIC))
    app.mount("/media", StaticFiles(directory=turns.library().media, check_dir=False))
    _health(app, ready)
    if telegram_webhook:
        _telegram(app, telegram_webhook)
    _problems(app, chat)
    app.add_middleware(BodyLimit, larger={WEBHOOK: WEBHOOK_LIMIT})
    app.add_middleware(GZipMiddleware, minimum_size=500)
    app.add_middleware(SecurityHeaders, embed_hosts=embed_hosts)
    return app


def _health(app: FastAPI, ready: Ready) -> None:
    @app.get("/healthz", tags=["operation"], summary="The process lives")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/readyz",
        tags=["operation"],
        summary="Questions can be answered",
        responses={503: {"description": "Nothing can be answered: the database or the content is away"}},
    )
    async def readyz() -> JSONResponse:
        """`degraded`: buttons and menus answer, Rasa does not yet. Each part is "ok" or a word of what is the matter."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                parts = dict(await ready())
        except TimeoutError:
            parts = dict.fromkeys(NEEDED, "timeout")
        if any(parts.get(part) != "ok" for part in NEEDED):
            return JSONResponse({"status": "unavailable", **parts}, 503)
        return JSONResponse({"status": "ready" if all(state == "ok" for state in parts.values()) else "degraded", **parts})

    @app.get("/metrics", tags=["operation"], summary="Figures for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _telegram(app: FastAPI, webhook: TelegramWebhook) -> None:
    @app.post(WEBHOOK, include_in_schema=False)
    async def receive(request: Request) -> Response:
        return Response(status_code=await webhook(await request.body(), request.headers.get("x-telegram-bot-api-secret-token")))


def _problems(app: FastAPI, chat: Chat) -> None:
    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        return api.explain(chat, list(error.errors())).response()

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return Refused(404, "not_found", problems.NOT_FOUND).response()
        response = Refused(error.status_code, "bad_request", problems.BAD_REQUEST).response()
        response.headers.update(error.headers or {})
        return response
