"""A web server with the real turns, store and content, and an Understanding without Rasa."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from bot.channels.web import WebChannel
from bot.clock import Clock
from bot.content.library import Library
from bot.services.outbox import Outbox
from bot.services.turn import Turns
from bot.store.database import Database
from bot.web.app import create_app
from tests.conftest import until
from tests.integration.web.understanding import KnownSentences


async def all_ready() -> Mapping[str, str]:
    return {"database": "ok", "content": "ok", "rasa": "ok"}


@dataclass
class Web:
    app: FastAPI
    turns: Turns
    channel: WebChannel
    understanding: KnownSentences
    outbox: Outbox


def build(library: Library, database: Database, clock: Clock, **options: Any) -> Web:
    """`options` go to `create_app`."""
    understanding, outbox = KnownSentences(), Outbox(database, clock)
    channel = WebChannel(outbox)
    turns = Turns(lambda: library, understanding, database, clock)
    settled = {"rate_per_minute": 1000, "trust_proxy": False, "embed_hosts": (), "ready": all_ready} | options
    return Web(create_app(turns, channel, outbox, **settled), turns, channel, understanding, outbox)


@contextlib.asynccontextmanager
async def running(web: Web, port: int = 0) -> AsyncIterator[str]:
    """The address of the server, listening on loopback until the block ends."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(web.app, log_config=None, access_log=False, proxy_headers=False, timeout_graceful_shutdown=3))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await until(lambda: server.started or serving.done())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        web.outbox.close()
        server.should_exit = True
        await serving
        listening.close()
