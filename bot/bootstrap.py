"""The only module that names concrete parts and wires them. Everything is built when called, nothing at import."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot import logs
from bot.campaigns.library import LiveCampaigns
from bot.channels.telegram import TelegramChannel
from bot.channels.web import WebChannel
from bot.clock import Clock, SystemClock
from bot.content.library import Library
from bot.content.live import LiveContent
from bot.services.campaigns import Campaigns
from bot.services.turn import Turns
from bot.settings import Settings
from bot.store.database import Database
from bot.understanding.client import RasaClient
from bot.understanding.supervisor import Supervisor, free_port, nlu_environment

# What campaigns are checked against when they are written, whether or not the channel runs on this machine.
LIMITS = {channel.name: channel.limits for channel in (TelegramChannel, WebChannel)}


@dataclass(frozen=True)
class Core:
    """What every entry point needs: content, store, clock and the turn itself."""

    settings: Settings
    clock: Clock
    content: LiveContent
    database: Database
    rasa: RasaClient
    campaigns: Campaigns
    turns: Turns

    def library(self) -> Library:
        """The content that is live now."""
        return self.content.current


@asynccontextmanager
async def open_core(settings: Settings, rasa_url: str) -> AsyncIterator[Core]:
    """Content checked, database migrated, Rasa's address known. Raises ContentError, StoreError."""
    logs.keep_out(settings.secrets())
    clock = SystemClock(settings.as_of)
    content = await asyncio.to_thread(LiveContent, settings.content_dir)
    database = Database(settings.database)
    rasa = RasaClient(rasa_url, settings.turn_timeout)
    try:
        await database.migrate()
        live = await asyncio.to_thread(LiveCampaigns, lambda: content.current, settings.content_dir / "campaigns", LIMITS)
        campaigns = Campaigns(live, lambda: content.current, database, clock, settings.telegram_paid_budget)
        turns = Turns(lambda: content.current, rasa, database, clock, campaigns.pressed, campaigns.asked)
        yield Core(settings, clock, content, database, rasa, campaigns, turns)
    finally:
        await rasa.close()
        await database.close()


def make_supervisor(settings: Settings, port: int, rasa: RasaClient) -> Supervisor:
    """Rasa's keeper. The child learns where the content is and of Redis (dialogue state shared between workers)."""
    redis = {"LOA_REDIS_URL": settings.redis_url.get_secret_value()} if settings.redis_url else {}
    return Supervisor(port, rasa.ready, settings.state_dir / "log" / "rasa.log", nlu_environment(settings.content_dir, **redis))


def rasa_port(settings: Settings) -> int:
    """The port for a Rasa of our own: the configured one, or any free one where that is taken or 0."""
    if settings.rasa_port:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", settings.rasa_port))
                return settings.rasa_port
            except OSError:
                pass
    return free_port()


async def running_rasa(settings: Settings) -> str | None:
    """The address of a Rasa that already answers: the configured one, or that of a `loa up` on this machine."""
    url = settings.rasa_url or f"http://127.0.0.1:{settings.rasa_port}"
    client = RasaClient(url, settings.turn_timeout)
    try:
        return url if await client.ready() else None
    finally:
        await client.close()
