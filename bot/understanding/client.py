"""Asking Rasa: one HTTP call a turn, with a time budget, and never more than that."""

from datetime import date
from typing import Protocol

import httpx

from bot.dialogue.acts import Reply, parse_reply
from bot.errors import Malformed, NotReady, TooSlow


class Understanding(Protocol):
    async def ask(self, sender: str, text: str, today: date) -> Reply:
        """What to do about `text` (typed, or a payload) in the conversation `sender`. Raises UnderstandingError."""
        ...


class RasaClient:
    """`url`: e.g. http://127.0.0.1:5055. `timeout`: seconds for a whole turn."""

    def __init__(self, url: str, timeout: float):
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 1.0)),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
            trust_env=False,  # Rasa is on loopback: a proxy of the machine is not for it
        )

    async def ask(self, sender: str, text: str, today: date) -> Reply:
        body = {"sender": sender[:128], "text": text[:4000], "today": today.isoformat()}
        try:
            response = await self._http.post("/webhooks/loa/webhook", json=body)
        except (httpx.ReadTimeout, httpx.PoolTimeout, httpx.WriteTimeout) as error:
            raise TooSlow("Rasa did not answer in time") from error
        except httpx.HTTPError as error:
            raise NotReady(f"Rasa cannot be reached ({type(error).__name__})") from error
        if response.status_code == 503:
            raise NotReady("Rasa has no model loaded yet")
        if response.status_code != 200:
            raise Malformed(f"Rasa answered HTTP {response.status_code}")
        return parse_reply(response.content)

    async def ready(self) -> bool:
        """Whether a model is loaded and answering."""
        try:
            return (await self._http.get("/webhooks/loa/health")).status_code == 200
        except httpx.HTTPError:
            return False

    async def close(self) -> None:
        await self._http.aclose()
