"""`./loa bench turn`: whole turns and Rasa alone, in fresh and in long conversations, beside stock Rasa on request."""

import asyncio
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import click
from rich.console import Console
from rich.progress import Progress

from bench.goals import Goal, conclude
from bench.kit.load import Ask, Sample, drive
from bench.kit.memory import resident_mb
from bench.kit.running import Server, loa, stock_rasa
from bench.kit.tables import Table, machine, write_section
from bot.messages import Address
from bot.settings import ROOT
from bot.understanding.supervisor import nlu_environment, nlu_python

TODAY = "2022-11-07"
CONCURRENCIES = (1, 8, 32)
FRESH, LONG = "fresh", "long"
DOOR, RASA, STOCK, LOOP = "Loa", "Loa's Rasa", "stock Rasa", "a fixed loop"
LOOP_LENGTH = 100_000  # about as long as a turn
PATIENCE = 600.0  # seconds for making a stock conversation long: its turns grow dearer with each message
TIMEOUT = aiohttp.ClientTimeout(total=60)
console = Console(stderr=True)


@dataclass(frozen=True)
class Effort:
    """`turns`: of each measurement. `conversations`: that are made long, by `messages` each."""

    turns: int
    conversations: int
    messages: int


FULL, QUICK = Effort(2000, 8, 1000), Effort(200, 2, 50)


@dataclass
class Report:
    """What was measured: a sample by (conversations, concurrency, who), megabytes and training seconds by who."""

    samples: dict[tuple[str, int, str], Sample] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)
    training: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A short sample: to see that it works, not for figures.")
@click.option("--peers", is_flag=True, help="Also train and measure stock Rasa (DIET + TED) on the same content: about an hour.")
@click.option("--write", is_flag=True, help="Write the tables into docs/benchmarks.md.")
def main(quick: bool, peers: bool, write: bool) -> None:
    effort = QUICK if quick else FULL
    try:
        report = measure(effort, peers)
    except (RuntimeError, OSError, aiohttp.ClientError) as error:
        raise click.ClickException(f"nothing was measured: {error}") from error
    tables = (turns_table(report), costs_table(report))
    for table in tables:
        table.show(Console())
    notes = " ".join([machine(), f"A long conversation has {effort.messages} messages behind it.", *report.notes])
    print(notes)
    if write:
        write_section("turn", tables, notes)
    sys.exit(conclude(goals(report)))


def measure(effort: Effort, peers: bool) -> Report:
    """Trains, starts and loads Loa, then stock Rasa if asked for. Raises RuntimeError, OSError or ClientError when a turn fails."""
    report, texts = Report(), questions()
    report.training[DOOR] = timed(["nlu.train", "--force"])
    with loa() as server:
        asyncio.run(measure_loa(server, effort, texts, report))
        if degraded := server.degraded():
            raise RuntimeError(f"{degraded} turns were answered without Rasa. Is the machine busy?")
    if peers:
        measure_stock(effort, texts, report)
    return report


def questions() -> list[str]:
    """What residents type, of every kind and register, in the order of the development set."""
    with (ROOT / "tests" / "nlu" / "dev.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def timed(module: Sequence[str]) -> float:
    """Seconds a command of Rasa's environment takes. Raises RuntimeError when it fails."""
    console.print(f"running {' '.join(module[:3])}")
    started = time.monotonic()
    if subprocess.run([str(nlu_python()), "-m", *module], cwd=ROOT, env=nlu_environment(), stdout=sys.stderr, check=False).returncode:
        raise RuntimeError("training failed; see above")
    return time.monotonic() - started


async def measure_loa(server: Server, effort: Effort, texts: Sequence[str], report: Report) -> None:
    chats = [secrets.token_urlsafe(24) for _ in range(effort.conversations)]
    async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
        door = Door(http, f"{server.door}/api/chat", web_body, "replies", texts)
        rasa = Door(http, f"{server.rasa}/webhooks/loa/webhook", rasa_body, "acts", texts)
        await sample("warming up", door.fresh, 50, 1)
        report.samples[FRESH, 1, LOOP] = await sample(LOOP, fixed_loop, effort.turns, 1)
        for concurrency in CONCURRENCIES:
            for who, target in ((DOOR, door), (RASA, rasa)):
                report.samples[FRESH, concurrency, who] = await sample(
                    f"{who}, {FRESH} conversations", target.fresh, effort.turns, concurrency
                )
        await sample("making conversations long", door.within(chats), effort.messages * len(chats), len(chats))
        for concurrency in (1, len(chats)):
            for who, target, names in ((DOOR, door, chats), (RASA, rasa, [Address("web", chat).conversation for chat in chats])):
                report.samples[LONG, concurrency, who] = await sample(
                    f"{who}, {LONG} conversations", target.within(names), effort.turns, concurrency
                )
    report.megabytes[DOOR] = resident_mb(server.rasa_pid)


def measure_stock(effort: Effort, texts: Sequence[str], report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="loa-bench-") as folder:
        report.training[STOCK] = timed(["bench.contenders", "train", "stock-dialogue", folder])
        with stock_rasa(Path(folder)) as server:
            asyncio.run(_measure_stock(server, effort, texts, report))


async def _measure_stock(server: Server, effort: Effort, texts: Sequence[str], report: Report) -> None:
    async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
        door = Door(http, f"{server.door}/webhooks/rest/webhook", stock_body, None, texts)
        await sample("warming up", door.fresh, 50, 1)
        for concurrency in CONCURRENCIES:
            report.samples[FRESH, concurrency, STOCK] = await sample(
                f"{STOCK}, {FRESH} conversations", door.fresh, effort.turns, concurrency
            )
        conversation = door.within([secrets.token_hex(8)])
        made = await sample("making a conversation long", conversation, effort.messages, 1, until=PATIENCE)
        if len(made.milliseconds) < effort.messages:
            report.notes.append(f"The stock conversation reached {len(made.milliseconds)} messages in {PATIENCE / 60:.0f} minutes.")
        report.samples[LONG, 1, STOCK] = await sample(f"{STOCK}, {LONG} conversations", conversation, effort.turns // 10, 1)
    report.megabytes[STOCK] = resident_mb(server.rasa_pid)


class Door:
    """One HTTP address that takes turns. `body(conversation, text)`: what it wants; `proof`: the key a real reply fills."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, body: Callable[[str, str], dict[str, Any]], proof: str | None, texts: Sequence[str]
    ):
        self._http, self._url, self._body, self._proof, self._texts = http, url, body, proof, texts

    async def fresh(self, worker: int, number: int) -> None:
        """A turn that begins a conversation."""
        await self._turn(secrets.token_urlsafe(24), number)

    def within(self, conversations: Sequence[str]) -> Ask:
        """Turns that go on with these conversations, one for each worker."""

        async def ask(worker: int, number: int) -> None:
            await self._turn(conversations[worker], number)

        return ask

    async def _turn(self, conversation: str, number: int) -> None:
        body = self._body(conversation, self._texts[number % len(self._texts)])
        async with self._http.post(self._url, json=body) as response:
            if response.status != 200:
                raise RuntimeError(f"{self._url} answered HTTP {response.status}")
            reply = await response.json()
        if self._proof and not reply[self._proof]:
            raise RuntimeError(f"{self._url} answered nothing")


async def fixed_loop(worker: int, number: int) -> None:
    """The same work each time: how much longer it takes at times is the machine's doing."""
    sum(each * each for each in range(LOOP_LENGTH))


def web_body(conversation: str, text: str) -> dict[str, Any]:
    return {"session": conversation, "text": text}


def rasa_body(conversation: str, text: str) -> dict[str, Any]:
    return {"sender": conversation, "text": text, "today": TODAY}


def stock_body(conversation: str, text: str) -> dict[str, Any]:
    return {"sender": conversation, "message": text}


async def sample(what: str, ask: Ask, turns: int, concurrency: int, until: float = float("inf")) -> Sample:
    if not console.is_terminal:
        console.print(f"{what}, {concurrency} at a time: {turns} turns")
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{what}, {concurrency} at a time", total=turns)
        return await drive(ask, turns, concurrency, lambda: progress.advance(task), until)


def turns_table(report: Report) -> Table:
    """A row for each load and who took it, beside a whole turn of Loa's under the same load."""
    rows = []
    for (conversations, concurrency, who), taken in sorted(report.samples.items(), key=lambda item: item[0][:2]):
        ours = report.samples[conversations, concurrency, DOOR]
        ratios = (f"{taken.p50 / ours.p50:.2f}", f"{taken.p99 / ours.p99:.2f}", f"{taken.rate / ours.rate:.2f}")
        load = f"{conversations}, {concurrency} at a time"
        rows.append((load, who, f"{taken.p50:.1f}", f"{taken.p99:.1f}", f"{taken.rate:.0f}", *ratios))
    return Table(
        "Turns; × is beside a whole turn of Loa's",
        ("conversations", "who", "p50 ms", "p99 ms", "per s", "p50 ×", "p99 ×", "per s ×"),
        tuple(rows),
    )


def costs_table(report: Report) -> Table:
    rows = [
        (
            who, f"{megabytes:.0f}", f"{report.training[who]:.0f}",
            f"{megabytes / report.megabytes[DOOR]:.2f}", f"{report.training[who] / report.training[DOOR]:.2f}",
        )
        for who, megabytes in report.megabytes.items()
    ]  # fmt: skip
    return Table("Rasa's process after all this, and training", ("who", "MB", "training s", "MB ×", "training ×"), tuple(rows))


def goals(report: Report) -> list[Goal]:
    return [
        Goal("p99 in fresh conversations", report.samples[FRESH, 1, DOOR].p99, 30, "ms"),
        Goal("p99 in long conversations", report.samples[LONG, 1, DOOR].p99, 30, "ms"),
        Goal("turns at 8 at a time", report.samples[FRESH, 8, DOOR].rate, 80, "/s", at_least=True),
        Goal("Rasa's memory", report.megabytes[DOOR], 700, "MB"),
        Goal("training", report.training[DOOR], 60, "s"),
    ]


if __name__ == "__main__":
    main()
