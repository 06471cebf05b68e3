"""Around every request: a body that is small and arrives in time, and headers that keep the page to itself."""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web import problems
from bot.web.problems import Refused

BODY_LIMIT = 16 * 1024  # bytes; the longest question is 1,500 characters
BODY_SECONDS = 15.0


class BodyLimit:
    """Reads the whole body before the application sees the request. `larger`: limits in bytes of paths that need more."""

    def __init__(self, app: ASGIApp, larger: Mapping[str, int], limit: int = BODY_LIMIT, seconds: float = BODY_SECONDS):
        self.app, self.larger, self.limit, self.seconds = app, larger, limit, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds):
                body = await self._read(scope, receive)
        except TimeoutError:
            await Refused(408, "too_slow", problems.TOO_SLOW).response()(scope, receive, send)
        except Refused as refused:
            await refused.response()(scope, receive, send)
        else:
            if body is not None:
                await self.app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None if the client went away. Raises Refused as soon as it is too big."""
        limit = self.larger.get(scope["path"], self.limit)
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            raise Refused(413, "too_big", problems.TOO_BIG)
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > limit:
                raise Refused(413, "too_big", problems.TOO_BIG)
            if not message.get("more_body", False):
                return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)


class SecurityHeaders:
    """`embed_hosts`: sites that may show `/embed` in a frame, besides our own; nobody may frame the rest."""

    def __init__(self, app: ASGIApp, embed_hosts: tuple[str, ...]):
        self.app = app
        self._alone = {
            "Content-Security-Policy": _POLICY.format(ancestors="'none'"),
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        ancestors = " ".join(("'self'", *embed_hosts))
        self._framed = {key: value for key, value in self._alone.items() if key != "X-Frame-Options"}
        self._framed["Content-Security-Policy"] = _POLICY.format(ancestors=ancestors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own = self._framed if scope["path"] == "/embed" else self._alone

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(own)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)
