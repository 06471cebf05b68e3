"""The web as a channel: replies go back in the resident's own request, everything else waits in the outbox until a page fetches it
(`GET /api/messages`), now if it is open or when it is opened next."""

from typing import Protocol

from bot.channels.base import Sent
from bot.errors import OutcomeUnknown, StoreError
from bot.messages import Address, Limits, Message


class Outbox(Protocol):
    async def put(self, session: str, message: Message) -> str:
        """Keep the message for the session's page; returns its id. Raises StoreError."""
        ...


class WebChannel:
    name = "web"
    limits = Limits(text=4096, caption=1024, buttons=100, button_text=120, media=frozenset({"photo", "video", "audio"}), album=10)

    def __init__(self, outbox: Outbox):
        self._outbox = outbox

    async def send(self, to: Address, message: Message) -> Sent:
        try:
            return Sent(await self._outbox.put(to.chat, message))
        except StoreError:
            # A commit whose answer was lost may have been made.
            raise OutcomeUnknown("the database is away") from None

    def secrets(self) -> tuple[str, ...]:
        return ()
