"""What to do about one incoming thing of a listening channel: note whether the resident can be reached, take the turn, send the replies."""

from bot.clock import Clock
from bot.messages import Incoming, Limits
from bot.services.reply import Replies
from bot.services.turn import Turns
from bot.store import subscribers
from bot.store.database import Database


class Handler:
    """Called by the intake, once for each item and in order for each chat."""

    def __init__(self, turns: Turns, replies: Replies, limits: Limits, database: Database, clock: Clock):
        self._turns, self._replies, self._limits, self._database, self._clock = turns, replies, limits, database, clock

    async def __call__(self, incoming: Incoming) -> None:
        if incoming.kind == "ignored":
            return
        async with self._database.write() as connection:
            if incoming.kind == "blocked":
                await subscribers.unreachable(connection, incoming.address, "blocked", self._clock.now())
            else:  # they unblocked the bot or wrote to it: they can be reached again
                await subscribers.reachable(connection, incoming.address)
        if incoming.kind in ("text", "payload", "media"):
            turned = await self._turns.take(incoming, self._limits)
            await self._replies.send(incoming.address, turned.messages)
