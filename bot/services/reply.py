"""Sending the messages of a turn: ahead of any campaign traffic, fitted to the channel, repeated only when surely not delivered."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import structlog

from bot.channels.base import Channel
from bot.channels.fit import fit
from bot.clock import Clock
from bot.errors import DeliveryError, Migrated, Misconfigured, Throttled
from bot.messages import Address, Message
from bot.store import subscribers
from bot.store.database import Database

log = structlog.get_logger()

TRIES = 4
BACKOFF = (0.5, 2.0, 5.0)  # seconds; a throttled bot waits as long as it is told instead


class Pace(Protocol):
    """When the bot may send next. One for each bot token, shared by replies and campaigns, replies first."""

    async def reply(self, chat: str, messages: int = 1) -> AbstractContextManager[None]:
        """Wait for the turn of a reply to this chat. Send it within the result, which so learns when the platform has answered.

        messages: as many as the platform counts (each photo of an album is one).
        """
        ...

    async def campaign(self, chat: str) -> None:
        """Wait until a campaign message to this chat is nearly due: time to write down that it is leaving.

        Then call `leave`, or `back_out` if it is not to leave after all.
        """
        ...

    async def leave(self, messages: int = 1) -> AbstractContextManager[None] | None:
        """Wait for the moment itself, behind every reply, and send within the result. None if it is not near any more: put it back."""
        ...

    def back_out(self) -> None:
        """What `campaign` was passed for does not leave."""
        ...

    def shared_by(self, processes: int) -> None:
        """So many processes are listed as sending, one that has just died among them."""
        ...

    async def pause(self, seconds: float) -> None:
        """The platform asked everybody to wait."""
        ...


class Replies:
    """Sends replies on one channel. A reply that cannot be delivered is logged, never raised: the next resident waits."""

    def __init__(self, channel: Channel, pace: Pace, database: Database, clock: Clock):
        self._channel, self._pace, self._database, self._clock = channel, pace, database, clock

    async def send(self, to: Address, messages: Sequence[Message]) -> bool:
        """Send all in order. False if the resident could not be reached."""
        for message in messages:
            for piece in fit(message, self._channel.limits):
                try:
                    to = await self._send(to, piece)
                except DeliveryError as error:
                    log.warning("reply.failed", channel=to.channel, kind=error.kind)
                    if error.closes:
                        async with self._database.write() as connection:
                            await subscribers.unreachable(connection, to, error.kind, self._clock.now())
                    return False
        return True

    async def _send(self, to: Address, message: Message) -> Address:
        for attempt in range(TRIES):
            leaving = await self._pace.reply(to.chat, message.count)
            try:
                with leaving:
                    await self._channel.send(to, message)
                return to
            except Throttled as error:
                await self._pace.pause(error.retry_after)
                if attempt == TRIES - 1:
                    raise
            except Migrated as error:
                to = Address(to.channel, error.new_chat)
            except Misconfigured:
                raise
            except DeliveryError as error:
                if not error.retry or attempt == TRIES - 1:
                    raise
                await asyncio.sleep(BACKOFF[min(attempt, len(BACKOFF) - 1)])
        return to
