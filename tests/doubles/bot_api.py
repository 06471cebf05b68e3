"""A Telegram Bot API on loopback: checks requests as Telegram does, fails as it is told to, and remembers every call.

In a test's own process it is a Python object:

    async with BotApi() as api:
        api.say(5, "/start")                      # a resident types; the bot gets an update
        await api.until(lambda: api.texts(5))     # wait for what the bot sends
        api.fault("deliver_late", chat=5)         # the next call to chat 5 is delivered, but answered too late

As a process of its own (`python -m tests.doubles.bot_api --port 0 --log calls.jsonl`) the same methods are reached by
`POST /control/<method>` with their arguments as JSON. Its first line on stdout is `{"url": …, "token": …}`. The log gets a
line a call, so that what was delivered is known even after a kill.

Unlike Telegram a webhook may be plain http on loopback, and chats are reachable without having pressed Start (`strangers`).
"""

import argparse
import asyncio
import contextlib
import gc
import inspect
import json
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO
from urllib.parse import parse_qsl

from aiohttp import web

from tests.doubles.bot_api_parts import faults
from tests.doubles.bot_api_parts.errors import ApiError, bad_request
from tests.doubles.bot_api_parts.methods import Methods, Request
from tests.doubles.bot_api_parts.rates import Rates
from tests.doubles.bot_api_parts.residents import Residents
from tests.doubles.bot_api_parts.updates import Updates, Webhook
from tests.doubles.bot_api_parts.world import Reach, World

TOKEN = "8000001:AAF-loopback_TEST_token_of_the_double0"
LARGEST_BODY = 55 * 2**20


@dataclass(slots=True)
class Call:
    """One call of the bot. `delivered`: the resident got it, whatever the bot was told. `status` 0: no answer (yet)."""

    at: float
    method: str
    chat: int | None
    params: dict[str, Any] = field(repr=False)
    status: int = 0
    delivered: bool = False
    message_id: int | None = None

    @property
    def text(self) -> str:
        """What was to be read, as sent (with markup)."""
        return str(self.params.get("text", self.params.get("caption", self.params.get("question", ""))))


class BotApi(Residents):
    """See the module. `rates`: refuse what is faster than `per_second` and the like; `second`: how long a second lasts for them; `patience`: multiplies the
    webhook's waits between repeats; `clock`: seconds since the epoch, for dates, rates and evidence."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        username: str = "LoaThuBot",
        port: int = 0,
        rates: bool = False,
        per_second: int = 30,
        second: float = 1.0,
        strangers: Reach = "open",
        patience: float = 0.0,
        clock: Callable[[], float] = time.time,
        log: Path | None = None,
    ):
        super().__init__()
        self.token, self.port = token, port
        self.world = World(username, strangers, clock)
        self.rates = Rates(clock, enforced=rates, per_second=per_second, second=second)
        self.updates = Updates()
        self.calls: list[Call] = []
        self._methods = Methods(self.world, self.rates)
        self._faults = faults.Faults()
        self._lag = 0.0
        self._clock, self._patience, self._log_path = clock, patience, log
        self._log: TextIO | None = None
        self._server: asyncio.Server | None = None
        self._web: web.Server | None = None
        self._closing = asyncio.Event()

    # --- life

    @property
    def url(self) -> str:
        """What LOA_TELEGRAM_API_URL is set to."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        if self._log_path:
            self._log = self._log_path.open("a", buffering=1, encoding="utf-8")
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self.updates.webhook:
            await self.updates.webhook.close()
        await self.down()
        if self._log:
            self._log.close()

    async def up(self) -> None:
        """Listen (again, on the same port)."""
        loop = asyncio.get_running_loop()
        self._web = web.Server(self._serve, request_factory=_request, access_log=None)
        self._server = await loop.create_server(self._web, "127.0.0.1", self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Cut every connection and refuse new ones."""
        assert self._server and self._web
        self._server.close()
        await self._web.shutdown(0.001)  # 0 would wait for ever

    async def outage(self, seconds: float) -> None:
        """Be down for a while; returns at once."""
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: loop.create_task(self.up()))
        # Asked for through the control interface, this very request is among those that are cut; the rest must be cut all the same.
        await asyncio.shield(loop.create_task(self.down()))

    # --- control and evidence

    def fault(self, kind: str, **details: Any) -> None:
        """Trouble for the next calls: `faults.make` names the kinds; `method`, `chat`, `times`, `skip` say for which."""
        self._faults.add(faults.make(kind, **details))

    def clear_faults(self) -> None:
        self._faults.clear()

    def lag(self, seconds: float) -> None:
        """From now on the resident has a message this long before the bot is told."""
        self._lag = seconds

    def sends(self, chat: int | None = None) -> list[Call]:
        """Calls that tried to put a message before a resident."""
        return [call for call in self.calls if call.method.lower() in self._methods.sends and chat in (None, call.chat)]

    def delivered(self, chat: int | None = None) -> list[Call]:
        """Sends that the resident got."""
        return [call for call in self.sends(chat) if call.delivered]

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method.lower() == method.lower()]

    def messages(self, chat: int) -> list[dict[str, Any]]:
        """The bot's messages that can be read in a chat now, oldest first, as Telegram's Message objects."""
        return [message for message in self.world.chat(chat).messages.values() if message["from"]["is_bot"]]

    def texts(self, chat: int) -> list[str]:
        """The same as plain text, markup and all resolved."""
        return [message.get("text", message.get("caption", "")) for message in self.messages(chat)]

    def highest(self) -> dict[str, int]:
        """The fastest the bot ever was, see `Rates.highest`."""
        return self.rates.highest()

    async def until(self, condition: Callable[[], Any], timeout: float = 10.0) -> None:
        """Return once `condition` holds; it is looked at after each call and each change of the update queue."""
        async with asyncio.timeout(timeout):
            while not condition():
                await self.updates.changed.wait()

    async def wait(self, *, delivered: int = 0, confirmed: int = 0, polls: int = 0, timeout: float = 10.0) -> dict[str, int]:
        """Until so many sends were delivered, updates confirmed and polls begun, ever; for control from another process."""

        def state() -> dict[str, int]:
            return {"delivered": len(self.delivered()), "confirmed": len(self.updates.confirmed), "polls": self.updates.polls}

        wanted = {"delivered": delivered, "confirmed": confirmed, "polls": polls}
        await self.until(lambda: all(value >= wanted[name] for name, value in state().items()), timeout)
        return state()

    # --- HTTP

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith("/bot"):
            token, _, method = path[4:].partition("/")
            if token != self.token:
                error = ApiError(401, "Unauthorized") if ":" in token else ApiError(404, "Not Found")
                return _json(error.body(), error.status)
            return await self._call(request, method)
        if path.startswith("/control/"):
            return await self._control(path.removeprefix("/control/"), await request.read())
        if path.startswith(f"/file/bot{self.token}/") and (file := self.world.files.get(path.rpartition("/")[2])):
            return web.Response(body=file.data)
        return _json(ApiError(404, "Not Found").body(), 404)

    async def _call(self, http: web.BaseRequest, name: str) -> web.StreamResponse:
        method = name.lower()
        request = await _read(http)
        call = Call(self._clock(), name, request.chat_id, dict(request.params))
        self.calls.append(call)
        fault = self._faults.take(method, call.chat)
        try:
            if fault is None:
                body = await self._result(method, request, call)
                if self._lag and method in self._methods.sends:
                    await self._pause(self._lag)
                return _json(body, 200)
            return await self._fail(fault, http, method, request, call)
        except ApiError as error:
            call.status = error.status
            self._note(call)
            return _json(error.body(), error.status)

    async def _result(self, method: str, request: Request, call: Call) -> bytes:
        if method == "getupdates":
            result: Any = await self._get_updates(request)
        elif method in ("setwebhook", "deletewebhook", "getwebhookinfo"):
            result = await self._webhook(method, request)
        else:
            result = self._methods.run(method, request)
        call.delivered, call.status = True, 200
        if isinstance(result, dict):
            call.message_id = result.get("message_id")
        self._note(call)
        return b'{"ok":true,"result":' + json.dumps(result).encode() + b"}"

    async def _fail(self, fault: faults.Fault, http: web.BaseRequest, method: str, request: Request, call: Call) -> web.StreamResponse:
        body = await self._result(method, request, call) if fault.deliver else b""
        call.status = 0
        if fault.wait:
            await self._pause(fault.wait)
        if fault.close:
            if http.transport:
                http.transport.abort()
            self._note(call)
            return web.Response()
        if fault.torn or fault.drip:
            return await self._falter(fault, http, call, body)
        if fault.status:
            call.status = fault.status
            self._note(call)
            return _json(fault.body, fault.status)
        body = body or await self._result(method, request, call)
        call.status = 200
        return _json(body, 200)

    async def _falter(self, fault: faults.Fault, http: web.BaseRequest, call: Call, body: bytes) -> web.StreamResponse:
        """An answer that begins well: it breaks off half-way, or comes a byte at a time for as long as the bot listens."""
        answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        await answer.prepare(http)
        if fault.torn:
            await answer.write(body[: len(body) // 2])
            if http.transport:
                http.transport.abort()
            return answer
        with contextlib.suppress(ConnectionError):  # the bot had enough
            for byte in body:
                await answer.write(bytes([byte]))
                await self._pause(fault.drip)
            await answer.write_eof()
            call.status = 200
        return answer

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    def _note(self, call: Call) -> None:
        """To the witness, and to whoever waits."""
        if self._log and call.method != "getUpdates":
            line = {
                "at": call.at,
                "method": call.method,
                "chat": call.chat,
                "text": call.text,
                "status": call.status,
                "delivered": call.delivered,
                "message_id": call.message_id,
            }
            self._log.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.updates.notify()

    async def _get_updates(self, request: Request) -> Any:
        self._allow(request)
        limit = min(max(request.number("limit", 100), 1), 100)
        return await self.updates.poll(request.number("offset"), limit, min(request.number("timeout"), 50), self._closing)

    def _allow(self, request: Request) -> None:
        if (allowed := request.json("allowed_updates")) is not None:
            self.updates.allowed = set(allowed) or None

    async def _webhook(self, method: str, request: Request) -> Any:
        current = self.updates.webhook
        if method == "getwebhookinfo":
            info: dict[str, Any] = {
                "url": current.url if current else "",
                "has_custom_certificate": False,
                "pending_update_count": len(self.updates.waiting),
            }
            return info | (
                {"last_error_message": current.last_error, "last_error_date": int(self._clock())} if current and current.last_error else {}
            )
        if request.flag("drop_pending_updates"):
            self.updates.waiting.clear()
        url = str(request.params.get("url", "")) if method == "setwebhook" else ""
        secret = str(request.params.get("secret_token", ""))
        if len(secret) > 256 or not all(sign.isascii() and (sign.isalnum() or sign in "_-") for sign in secret):
            raise bad_request("secret token contains unallowed characters")
        if url and not url.startswith(("https://", "http://127.0.0.1:")):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if current:
            await current.close()
            self.updates.webhook = None
        if url:
            self._allow(request)
            connections = request.number("max_connections", 40)
            self.updates.webhook = Webhook(self.updates, url, secret, connections, self._patience, self._clock)
        return True

    async def _control(self, name: str, body: bytes) -> web.StreamResponse:
        if name.startswith("_") or name in ("up", "down", "until") or not callable(method := getattr(self, name, None)):
            return _json(json.dumps({"error": f"there is no control {name!r}"}).encode(), 404)
        try:
            result = method(**json.loads(body or b"{}"))
            result = await result if inspect.isawaitable(result) else result
        except (TypeError, ValueError, LookupError, TimeoutError) as error:
            return _json(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode(), 400)
        shown = (
            [{**asdict(item), "text": item.text} if isinstance(item, Call) else item for item in result]
            if isinstance(result, list)
            else result
        )
        return _json(json.dumps({"result": shown}).encode(), 200)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(message, payload, protocol, writer, task, asyncio.get_running_loop(), client_max_size=LARGEST_BODY)


async def _read(http: web.BaseRequest) -> Request:
    kind = http.content_type
    if kind == "multipart/form-data":
        params: dict[str, Any] = {}
        files: dict[str, bytes] = {}
        for name, value in (await http.post()).items():
            if isinstance(value, web.FileField):
                files[name] = value.file.read()
            else:
                params[name] = value
        return Request(params, files)
    body = await http.read()
    if kind == "application/json":
        return Request(json.loads(body or b"{}"), {})
    return Request(dict(parse_qsl((body or http.query_string.encode()).decode(), keep_blank_values=True)), {})


def _json(body: bytes, status: int) -> web.Response:
    kind = "text/html" if body.startswith(b"<") else "application/json"
    return web.Response(body=body, status=status, headers={"Content-Type": kind})


async def _serve_until_told(api: BotApi) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with api:
        print(json.dumps({"url": api.url, "token": api.token}), flush=True)
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A Telegram Bot API on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--log", type=Path, help="append a JSON line for each call")
    parser.add_argument("--rates", action="store_true", help="refuse what is too fast with 429")
    parser.add_argument("--per-second", type=int, default=30, help="messages a second the bot may send")
    parser.add_argument("--second", type=float, default=1.0, help="how long a second lasts for the rates")
    options = parser.parse_args()
    gc.disable()  # a pause of ours would look like a burst of the client
    asyncio.run(_serve_until_told(BotApi(**vars(options))))


if __name__ == "__main__":
    main()
