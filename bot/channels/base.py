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
    """`message_id`: the platform's id."""

    message_id: str


# Called by a listening channel for each thing that came in, in order of arrival; returns once it is stored durably.
Receive = Callable[[list[Incoming]], Awaitable[None]]


class MediaIds(Protocol):
    """Where a channel keeps the platform's handles of its uploads by `Media.key`, beyond its own run. Never raises."""

    async def get(self, key: str) -> str | None: ...

    async def put(self, key: str, media_id: str) -> None: ...


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
