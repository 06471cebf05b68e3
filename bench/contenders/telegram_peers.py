"""Other ways to send to Telegram, run in an environment of their own: KIND URL TOKEN COUNT CONCURRENCY. No ledger, no pace of ours."""

import asyncio
import sys

TEXT = "Bà con đã có định danh điện tử mức 2 chưa? Đến công an xã, mang thẻ căn cước và số điện thoại đang dùng. Không mất tiền."


async def ptb(url: str, token: str, count: int, concurrency: int, *, limiter: bool) -> None:
    from telegram.ext import AIORateLimiter, ApplicationBuilder

    builder = ApplicationBuilder().token(token).base_url(f"{url}/bot").connection_pool_size(concurrency).pool_timeout(60)
    if limiter:
        builder = builder.rate_limiter(AIORateLimiter())
    bot = builder.build().bot
    await bot.initialize()
    await drive(lambda chat: bot.send_message(chat, TEXT), count, concurrency)
    await bot.shutdown()


async def aiogram(url: str, token: str, count: int, concurrency: int) -> None:
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url), limit=concurrency))
    await drive(lambda chat: bot.send_message(chat, TEXT), count, concurrency)
    await bot.session.close()


async def drive(send, count: int, concurrency: int) -> None:  # type: ignore[no-untyped-def]
    chats = iter(range(1001, 1001 + count))

    async def work() -> None:
        for chat in chats:
            await send(chat)

    await asyncio.gather(*(work() for _ in range(concurrency)))


def main() -> None:
    kind, url, token, count, concurrency = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    if kind == "aiogram":
        asyncio.run(aiogram(url, token, count, concurrency))
    else:
        asyncio.run(ptb(url, token, count, concurrency, limiter=kind == "ptb-rate-limiter"))


if __name__ == "__main__":
    main()
