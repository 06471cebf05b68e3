"""A channel's memory of its uploads, in the database."""

import structlog

from bot.errors import StoreError
from bot.store import media
from bot.store.database import Database

log = structlog.get_logger()


class StoredMedia:
    """`account`: the bot that may use the handles. Without the database a file is simply uploaded again: nothing is ever raised."""

    def __init__(self, database: Database, account: str):
        self._database, self._account = database, account

    async def get(self, key: str) -> str | None:
        try:
            async with self._database.read() as connection:
                return await media.find(connection, self._account, key)
        except StoreError as error:
            log.warning("media.not_read", error=str(error))
            return None

    async def put(self, key: str, media_id: str) -> None:
        try:
            async with self._database.write() as connection:
                await media.put(connection, self._account, key, media_id)
        except StoreError as error:
            log.warning("media.not_kept", error=str(error))
