"""The contract every channel fulfils. A channel is one file beside this one; none imports another, and none touches the store.

What differs between platforms is data in `Limits`; `bot/channels/fit.py` degrades a message to it. `Channel.send` sends
one already fitted message, never retries, and raises the `DeliveryError` that fits.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bot.messages import Address, Incoming, Limits, Message


@dataclass(frozen=True)
class Sent:
    """`message_id`: the platform's id. `media_id`: the platform's handle for reusing the uploaded file, if it gave one."""

    message_id: str
    media_id: str | None = None


# Called by a listening channel for each thing that came in, in order of arrival; returns once it is stored durably.
Receive = Callable[[list[Incoming]], Awaitable[None]]


class Channel(Protocol):
    name: str
    limits: Limits

    async def send(self, to: Address, message: Message) -> Sent:
        """Send one message that fits `limits`. Raises DeliveryError."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Strings that are redacted from every log line and error."""
        ...


class Listener(Protocol):
    """A channel that fetches or is pushed incoming things by itself (Telegram, Zalo); the web answers in its own request."""

    async def listen(self, receive: Receive) -> None:
        """Run until cancelled. What `receive` has returned for is confirmed to the platform, nothing earlier."""
        ...
