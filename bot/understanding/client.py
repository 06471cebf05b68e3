"""Asking Rasa: one HTTP call a turn, with a time budget, and never more than that."""

from datetime import date
from typing import Protocol

import aiohttp

from bot.dialogue.acts import Reply, parse_reply
from bot.errors import Malformed, NotReady, TooSlow

CONNECT = 1.0  # seconds to reach Rasa, which is on loopback
CONNECTIONS = 64
KEEP = 4.0  # seconds an idle connection is kept: less than Sanic's 5, or a question might meet a closing one


class Understanding(Protocol):
    async def ask(self, sender: str, text: str, today: date) -> Reply:
        """What to do about `text` (typed, or a payload) in the conversation `sender`. Raises UnderstandingError."""
        ...


class RasaClient:
    """`url`: e.g. http://127.0.0.1:5055. `timeout`: seconds for a whole turn."""

    def __init__(self, url: str, timeout: float):
        self._url, self._timeout = url.rstrip("/"), aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT))
        self._http: aiohttp.ClientSession | None = None

    async def ask(self, sender: str, text: str, today: date) -> Reply:
        body = {"sender": sender[:128], "text": text[:4000], "today": today.isoformat()}
        try:
            async with self._session().post(f"{self._url}/webhooks/loa/webhook", json=body) as response:
                status, content = response.status, await response.read()
        except aiohttp.ConnectionTimeoutError as error:
            raise NotReady("Rasa cannot be reached in time") from error
        except TimeoutError as error:
            raise TooSlow("Rasa did not answer in time") from error
        except aiohttp.ClientError as error:
            raise NotReady(f"Rasa cannot be reached ({type(error).__name__})") from error
        if status == 503:
            raise NotReady("Rasa has no model loaded yet")
        if status != 200:
            raise Malformed(f"Rasa answered HTTP {status}")
        return parse_reply(content)

    async def ready(self) -> bool:
        """Whether a model is loaded and answering."""
        try:
            async with self._session().get(f"{self._url}/webhooks/loa/health") as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def close(self) -> None:
        if self._http:
            await self._http.close()

    def _session(self) -> aiohttp.ClientSession:
        # Made with the first request, since it belongs to a running loop. Proxies of the machine are not for loopback.
        if self._http is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP)
            self._http = aiohttp.ClientSession(timeout=self._timeout, connector=connector, trust_env=False)
        return self._http
