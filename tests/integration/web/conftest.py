from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import pytest_asyncio

from bot.clock import ManualClock
from bot.content.library import Library
from bot.store.database import Database
from tests.integration.web.serving import Web, build


@pytest.fixture
def web(library: Library, sqlite: Database, clock: ManualClock) -> Web:
    return build(library, sqlite, clock)


@pytest_asyncio.fixture
async def client_of() -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """Makes HTTP clients of an application; `peer` is the address they come from."""
    made: list[httpx.AsyncClient] = []

    def make(web: Web, peer: str = "10.0.0.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(web.app, raise_app_exceptions=False, client=(peer, 1))
        made.append(httpx.AsyncClient(transport=transport, base_url="http://loa"))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
def client(web: Web, client_of: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(web)
