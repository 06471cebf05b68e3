"""`./loa bench campaign`: how fast campaigns go out, what of the permitted rate is used, what residents notice, what a nation costs."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import psycopg
from rich.console import Console

from bench.goals import Goal, conclude
from bench.kit.bot_api import Api, bot_api
from bench.kit.load import percentile
from bench.kit.province import Province, postgres, province
from bench.kit.tables import Table, machine, write_section
from bot import logs
from bot.campaigns.pace import LocalPace, NoPace
from bot.campaigns.pacing import Chats
from bot.channels.telegram import TelegramChannel
from bot.parts import settle
from bot.services.delivery import Sender
from bot.services.handle import Handler
from bot.services.intake import Intake
from bot.services.reply import Pace, Replies
from bot.services.turn import Turns
from bot.settings import ROOT
from bot.store import occurrences
from bot.understanding.client import RasaClient

console = Console(stderr=True)
IN_FLIGHT = 60
IN_FLIGHT_UNCAPPED = 400
MESSAGES = {30: 450, 1000: 10_000}  # at each permitted rate: some ten seconds' worth
UNCAPPED = 20_000
FASTEST = 2500  # messages/s uncapped, on a machine where python-telegram-bot's own transport sends as many as STOCK
STOCK = 450
LEDGERS = (10_000, 100_000, 1_000_000, 3_400_000)
ASKING, ASK_EVERY = 60, 0.4  # questions, seconds between them
PEERS = ROOT / ".cache" / "bench-telegram-peers"


@dataclass(frozen=True)
class Sent:
    """One campaign, as the double saw it. `twice`: residents who got it more than once."""

    name: str
    delivered: int
    rate: float
    refused: int
    twice: int
    left: dict[str, int]


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(["pace", "uncapped", "ledger", "latency"]), multiple=True, help="Only these parts.")
@click.option("--peers", is_flag=True, help="Also python-telegram-bot with httpx and AIORateLimiter, and aiogram (installed on first use).")
@click.option("--largest", type=int, default=LEDGERS[-1], show_default=True, help="Largest ledger to write.")
@click.option("--write", is_flag=True, help="Write the tables into docs/benchmarks.md.")
def main(only: tuple[str, ...], peers: bool, largest: int, write: bool) -> None:
    logs.configure("ERROR", as_json=False)
    parts: dict[str, Callable[[], tuple[list[Table], list[Goal]]]] = {
        "pace": lambda: asyncio.run(pace()), "uncapped": lambda: asyncio.run(uncapped(peers)),
        "ledger": lambda: asyncio.run(ledger(largest)), "latency": lambda: asyncio.run(latency()),
    }  # fmt: skip
    tables: list[Table] = []
    goals: list[Goal] = []
    for name, part in parts.items():
        if not only or name in only:
            console.print(f"[bold]{name}[/bold]")
            found, wanted = part()
            for table in found:
                table.show(console)
            tables += found
            goals += wanted
    if write:
        write_section("campaign", tables, machine())
    sys.exit(conclude(goals))


# --- (a) the permitted rate, used and never exceeded


async def pace() -> tuple[list[Table], list[Goal]]:
    rows, goals = [], []
    for rate, count in MESSAGES.items():
        with tempfile.TemporaryDirectory(prefix="loa-bench-") as name:
            folder = Path(name)
            async with bot_api(folder, rate) as api, province(f"sqlite:///{folder}/loa.db", folder, count) as place:
                sent = await send(f"{rate}/s", api, place, LocalPace(rate, Chats()), max(IN_FLIGHT, rate // 4))
        rows.append((sent.name, str(sent.delivered), f"{sent.rate:.1f}", f"{sent.rate / rate:.1%}", str(sent.refused)))
        goals += [Goal(f"share of {rate}/s used", sent.rate / rate, 0.99, at_least=True), Goal(f"429s at {rate}/s", sent.refused, 0)]
    return [Table("A permitted rate", ("permitted", "delivered", "messages/s", "used", "429s"), tuple(rows))], goals


# --- (b) as fast as it goes


async def uncapped(peers: bool) -> tuple[list[Table], list[Goal]]:
    results: list[Sent] = []
    with tempfile.TemporaryDirectory(prefix="loa-bench-") as name:
        folder = Path(name)
        async with bot_api(folder) as api, province(f"sqlite:///{folder}/loa.db", folder, UNCAPPED) as place:
            results.append(await send("Loa, ledger in SQLite", api, place, NoPace(), IN_FLIGHT_UNCAPPED))
        with postgres(folder / "pg") as server:
            async with bot_api(folder) as api, province(server, folder, UNCAPPED) as place:
                results.append(await send("Loa, ledger in PostgreSQL", api, place, NoPace(), IN_FLIGHT_UNCAPPED))
        others = [await peer(kind, folder) for kind in ("ptb-httpx", "ptb-rate-limiter", "aiogram")] if peers else []
    best = results[0].rate
    rows = [
        (sent.name, str(sent.delivered), f"{sent.rate:.0f}", f"{sent.rate / best:.2f}", str(sent.twice)) for sent in (*results, *others)
    ]
    table = Table("Uncapped, one sender process", ("sender", "delivered", "messages/s", "to ours on SQLite", "twice"), tuple(rows))
    goals = [Goal(f"{sent.name}, messages/s", sent.rate, FASTEST, at_least=True) for sent in results] + [
        Goal(f"{sent.name}, not sent exactly once", UNCAPPED - sent.delivered + sent.twice, 0) for sent in results
    ]
    if others:  # which tells how fast this machine is today
        stock = others[0].rate
        goals += [Goal(f"{sent.name}, to {others[0].name}", sent.rate / stock, FASTEST / STOCK, "times", at_least=True) for sent in results]
    return [table], goals


async def send(name: str, api: Api, place: Province, pace_: Pace, in_flight: int = IN_FLIGHT) -> Sent:
    occurrence = await place.ready()
    async with sending(api, place, pace_, in_flight) as (_, sender):
        sender.wake()
        while True:
            await asyncio.sleep(0.2)
            left = await place.ended(occurrence)
            if not left["queued"] and not left["sending"]:
                break
    got = api.deliveries()
    seconds = got[-1]["at"] - got[0]["at"]
    refused = sum(1 for call in api.calls() if call["status"] == 429)
    twice = len(got) - len({call["chat"] for call in got})
    return Sent(name, len(got), (len(got) - 1) / seconds, refused, twice, {state: count for state, count in left.items() if count})


@asynccontextmanager
async def sending(api: Api, place: Province, pace_: Pace, in_flight: int = IN_FLIGHT) -> AsyncIterator[tuple[TelegramChannel, Sender]]:
    stop = asyncio.Event()
    async with TelegramChannel(api.token, place.clock, api_url=api.url) as channel:
        sender = Sender(
            lambda: place.library, place.database, {"telegram": channel}, {"telegram": pace_}, place.clock, place.service.pause_itself,
            in_flight=in_flight,
        )  # fmt: skip
        settle()
        task = asyncio.create_task(sender.run(stop))
        try:
            yield channel, sender
        finally:
            stop.set()
            await task


async def peer(kind: str, folder: Path) -> Sent:
    """Another client library sending the same text, in an environment of its own and without any ledger."""
    await asyncio.to_thread(install_peers)
    count = 60 if kind == "ptb-rate-limiter" else 3000
    async with bot_api(folder) as api:
        process = await asyncio.create_subprocess_exec(
            str(PEERS / "bin" / "python"), str(ROOT / "bench" / "contenders" / "telegram_peers.py"), kind, api.url, api.token, str(count),
            str(IN_FLIGHT),
        )  # fmt: skip
        if await process.wait():
            raise click.ClickException(f"{kind} failed; see above")
        got = api.deliveries()
    return Sent(kind, len(got), (len(got) - 1) / (got[-1]["at"] - got[0]["at"]), 0, 0, {})


def install_peers() -> None:
    if (PEERS / "bin" / "python").exists():
        return
    uv = ROOT / ".uv" / "bin" / "uv"
    subprocess.run([uv, "venv", "-q", "--python", "3.12", PEERS], check=True)
    packages = ["python-telegram-bot[rate-limiter]", "aiogram", "aiohttp"]
    subprocess.run([uv, "pip", "install", "-q", "--python", PEERS, *packages], check=True)


# --- (c) audience to ledger


async def ledger(largest: int) -> tuple[list[Table], list[Goal]]:
    rows, goals = [], []
    seconds: dict[tuple[str, int], float] = {}
    sizes = [size for size in LEDGERS if size <= largest]
    with tempfile.TemporaryDirectory(prefix="loa-bench-") as name, postgres(Path(name) / "pg") as server:
        for size in sizes:
            for engine in ("SQLite", "PostgreSQL"):
                url = f"sqlite:///{name}/{size}.db" if engine == "SQLite" else fresh(server, size)
                took, megabytes = await write_ledger(url, Path(name), size)
                seconds[engine, size] = took
                rows.append((f"{size:,} on {engine}", f"{took:.1f}", f"{size / took:,.0f}", f"{megabytes:.0f}"))
                console.print("  ".join(rows[-1]))
                goals.append(Goal(f"MB for {size:,} on {engine}", megabytes, 200))
    if largest >= LEDGERS[-1]:
        goals.append(Goal("3.4 M rows on PostgreSQL", seconds["PostgreSQL", LEDGERS[-1]], 90, "s"))
    for engine in ("SQLite", "PostgreSQL"):
        if len(sizes) > 2:
            per_row = [seconds[engine, size] / size for size in sizes[1:]]
            goals.append(Goal(f"{engine}, cost a row at {sizes[-1]:,} to that at {sizes[1]:,}", per_row[-1] / per_row[0], 1.5))
    return [Table("Audience to ledger", ("subscribers", "seconds", "rows/s", "MB resident"), tuple(rows))], goals


def fresh(server: str, size: int) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE ledger_{size}")
    return server.replace("/postgres?", f"/ledger_{size}?")


async def write_ledger(url: str, folder: Path, size: int) -> tuple[float, float]:
    """(seconds, megabytes) of a process of its own, so that memory is that of this ledger alone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.campaign_ledger", url, str(folder), str(size), cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout
    out = await process.stdout.read()
    if await process.wait():
        raise click.ClickException("the ledger could not be written; see above")
    found = json.loads(out.splitlines()[-1])
    return found["seconds"], found["megabytes"]


# --- (d) what residents notice


async def latency() -> tuple[list[Table], list[Goal]]:
    with tempfile.TemporaryDirectory(prefix="loa-bench-") as name:
        folder = Path(name)
        async with bot_api(folder, 30) as api, province(f"sqlite:///{folder}/loa.db", folder, 3000) as place:
            pace_ = LocalPace(30, Chats())
            await place.ready()
            async with sending(api, place, pace_) as (channel, sender):
                await hold(place, "paused")
                idle = await ask(api, place, channel, pace_)
                await hold(place, "sending")
                sender.wake()
                busy = await ask(api, place, channel, pace_)
    rows = tuple(
        (name, f"{percentile(taken, 0.5):.1f}", f"{percentile(taken, 0.99):.1f}")
        for name, taken in (("idle", idle), ("campaign at 30/s", busy))
    )
    ratio = percentile(busy, 0.99) / percentile(idle, 0.99)
    table = Table("A resident presses a button and gets the answer (no Rasa)", ("", "p50 ms", "p99 ms"), rows)
    return [table], [Goal("p99 of an answer during a campaign to idle", ratio, 2), Goal("slowest answer", max(busy), 1000, "ms")]


async def hold(place: Province, state: str) -> None:
    async with place.database.write() as connection:
        await occurrences.set_states(connection, "bench", ("sending", "paused"), state)


async def ask(api: Api, place: Province, channel: TelegramChannel, pace_: Pace) -> list[float]:
    """Milliseconds from a resident's press to the delivered answer, through polling, inbox, turn and pace; campaign chats are others."""
    rasa = RasaClient("http://127.0.0.1:1", 3.0)
    turns = Turns(lambda: place.library, rasa, place.database, place.clock)
    replies = Replies(channel, pace_, place.database, place.clock)
    intake = Intake("telegram", Handler(turns, replies, channel.limits, place.database, place.clock), place.database, place.clock)
    stop = asyncio.Event()
    working = asyncio.create_task(intake.run(stop))
    listening = asyncio.create_task(channel.listen(intake.receive))
    taken = []
    try:
        await asyncio.sleep(1)
        for number in range(ASKING):
            chat = 900_000_000 + number
            began = time.time()
            await api.control("say", chat=chat, text="/topic dinh_danh/o_dau")
            taken.append((await answered(api, chat) - began) * 1000)
            await asyncio.sleep(ASK_EVERY)
    finally:
        listening.cancel()
        stop.set()
        await asyncio.gather(working, listening, return_exceptions=True)
        await rasa.close()
    return taken


async def answered(api: Api, chat: int) -> float:
    """When the double delivered to this chat, by its own log."""
    async with asyncio.timeout(20):
        while True:
            tail = api.log.read_bytes()[-20_000:].splitlines()
            for line in tail:
                if f'"chat": {chat},'.encode() in line and b"sendMessage" in line and line.endswith(b"}"):
                    return float(json.loads(line)["at"])
            await asyncio.sleep(0.002)


if __name__ == "__main__":
    main()
