"""The web as a channel: replies go back in the resident's own request, everything else waits in the outbox until a page fetches it
(`GET /api/messages`), now if it is open or when it is opened next."""

from typing import Protocol

from bot.channels.base import Sent
from bot.errors import OptedOut, OutcomeUnknown, StoreError
from bot.messages import Address, Limits, Message


class Outbox(Protocol):
    async def put(self, session: str, message: Message, consent: bool) -> str | None:
        """Keep the message for the session's page; returns its id. `consent`: None without consent in force. Raises StoreError."""
        ...


class WebChannel:
    """`consent`: it carries campaigns, so nothing is put for who said stop or had everything deleted while it was on its way."""

    name = "web"
    limits = Limits(text=4096, caption=1024, buttons=100, button_text=120, media=frozenset({"photo", "video", "audio"}), album=10)

    def __init__(self, outbox: Outbox, consent: bool = False):
        self._outbox, self._consent = outbox, consent

    async def send(self, to: Address, message: Message) -> Sent:
        try:
            number = await self._outbox.put(to.chat, message, self._consent)
        except StoreError:
            # A commit whose answer was lost may have been made.
            raise OutcomeUnknown("the database is away") from None
        if number is None:
            raise OptedOut("no consent any more")
        return Sent(number)

    def secrets(self) -> tuple[str, ...]:
        return ()
