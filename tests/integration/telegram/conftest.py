from collections.abc import AsyncIterator

import pytest

from tests.doubles.bot_api import BotApi
from tests.integration.telegram.support import Mailbox


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as double:
        yield double


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()
