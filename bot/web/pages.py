"""The chat page, alone and for a frame, and its answers for browsers without JavaScript."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.clock import today
from bot.dialogue.render import Renderer
from bot.services.turn import Turns
from bot.web.chat import Chat, Question
from bot.web.problems import Refused
from bot.web.rate import client_of

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"


class VersionedFiles(StaticFiles):
    """Addresses carry the files' version (`?v=`), so browsers may keep them for good: a visit on a slow line costs one small page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            kept = "public, max-age=31536000, immutable" if b"v=" in scope["query_string"] else "public, max-age=3600"
            response.headers["Cache-Control"] = kept
        return response


def version() -> str:
    """Changes with any static file."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def routes(chat: Chat, turns: Turns, trust_proxy: bool) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.get_template("page.html")
    current = version()

    def page(request: Request, status: int = 200, **values: Any) -> HTMLResponse:
        greeting = chat.replies([Renderer(turns.library(), today(turns.clock)).talk("greet")])[0]
        shown = template.render(embed=request.url.path == "/embed", version=current, greeting=greeting, **values)
        return HTMLResponse(shown, status)

    @router.get("/")
    @router.get("/embed")
    async def show(request: Request) -> HTMLResponse:
        return page(request)

    @router.post("/")
    @router.post("/embed")
    async def answer_form(request: Request) -> HTMLResponse:
        fields = _fields(await request.body())
        payload = fields.get("payload")
        question = Question("payload" if payload else "text", payload or fields.get("text", ""), fields.get("session") or None)
        try:
            said = await chat.ask(client_of(request, trust_proxy), question)
        except Refused as refused:
            shown = page(request, refused.status, session=question.session, problem=refused.message, asked=fields.get("text", ""))
            shown.headers.update(refused.headers())
            return shown
        return page(request, session=said.session, asked=None if payload else question.text, replies=said.replies)

    @router.get("/widget.js")
    async def widget() -> FileResponse:
        return FileResponse(STATIC / "widget.js", media_type="text/javascript", headers={"Cache-Control": "public, max-age=3600"})

    return router


def _fields(body: bytes) -> dict[str, str]:
    """A urlencoded form; what is not one has no fields."""
    try:
        parsed = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {key: values[0] for key, values in parsed.items()}
