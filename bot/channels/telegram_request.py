"""The transport under python-telegram-bot, on aiohttp: several times the sends a second of its own on httpx, and it says of each
failed request whether it surely never left this machine.

No exception from here carries an address: Telegram's hold the token.
"""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

CONNECT, POOL, WRITE, UPLOAD = 5.0, 5.0, 10.0, 60.0  # seconds
GRACE = 3.0  # seconds that shutdown waits for requests under way
# Shorter than the server's own: a request on a connection it is just closing would have an unknown outcome.
KEEP_ALIVE = 30.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class NeverLeft(NetworkError):
    """The request was surely not sent: no connection, no free socket, or the channel is closed. Safe to repeat."""


class AiohttpRequest(BaseRequest):
    """`pool`: connections at once. `read_timeout`: seconds for an answer, unless a call says otherwise. `api_url`: whose proxy settings count."""

    def __init__(self, api_url: str, pool: int, read_timeout: float):
        self._pool, self._read_timeout, self._proxy = pool, read_timeout, _proxy(api_url)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def read_timeout(self) -> float | None:
        return self._read_timeout

    async def initialize(self) -> None:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._pool, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=300)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), proxy=self._proxy)

    async def shutdown(self) -> None:
        """Take no new request, let those under way finish, close. Their outcome is unknown if the grace runs out."""
        self._closed = True
        try:
            async with asyncio.timeout(GRACE):
                await self._idle.wait()
        except TimeoutError:
            pass
        if self._session:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body. Raises NeverLeft, TimedOut or NetworkError; after the last two the request may have been acted upon."""
        if self._closed or self._session is None:
            raise NeverLeft("closed")
        data, headers = _body(request_data)
        write = UPLOAD if isinstance(data, aiohttp.FormData) else WRITE
        timeout = _timeout(
            _or(connect_timeout, CONNECT) + _or(pool_timeout, POOL), _or(write_timeout, write), _or(read_timeout, self._read_timeout)
        )
        with self._counted():
            try:
                # The address is used as it is and redirects are not followed: the token goes nowhere else.
                async with self._session.request(
                    method, _url(url), data=data, headers=headers, timeout=timeout, allow_redirects=False
                ) as answer:
                    return answer.status, await answer.read()
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                raise NeverLeft(type(error).__name__) from None
            except TimeoutError:
                raise TimedOut from None
            except (aiohttp.ClientError, OSError) as error:
                raise NetworkError(type(error).__name__) from None

    async def post_form(self, url: str, form: bytes) -> dict[str, Any]:
        """As `post`, of a form that is encoded already. The result as JSON; raises the same errors."""
        payload = await self._request_wrapper(url, "POST", request_data=form)  # type: ignore[arg-type]
        result: dict[str, Any] = self.parse_json_payload(payload)["result"]
        return result

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """As the base's, which would write the payload, and with it what residents said, into the log."""
        try:
            return json.loads(payload)
        except ValueError:
            raise TelegramError("Invalid server response") from None

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()


def _body(data: RequestData | bytes | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    if data is None:
        return None, {}
    if isinstance(data, bytes):
        return data, _FORM
    if not data.contains_files:
        return urlencode(data.json_parameters).encode(), _FORM
    form = aiohttp.FormData(data.json_parameters)
    for field, (filename, content, kind) in data.multipart_data.items():
        form.add_field(field, content, filename=filename, content_type=kind)
    return form, {}


def _or(value: Any, default: float) -> float:
    return default if value is None or value is BaseRequest.DEFAULT_NONE else float(value)


@lru_cache(maxsize=64)
def _url(url: str) -> URL:
    return URL(url, encoded=True)


@lru_cache(maxsize=64)
def _timeout(connect: float, write: float, read: float) -> aiohttp.ClientTimeout:
    """`sock_read` ends the wait for an answer; the total ends whatever hangs besides, such as a write nobody reads."""
    return aiohttp.ClientTimeout(total=connect + write + read, connect=connect, sock_read=read)


def _proxy(api_url: str) -> str | None:
    """The operator's HTTPS_PROXY for this address, if any: Telegram is not reachable directly from every network."""
    parts = urlsplit(api_url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    return urllib.request.getproxies().get(parts.scheme)
