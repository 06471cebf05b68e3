"""`loa chat` and `loa ask`: the bot in a terminal."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
from rich.console import Console

from bot.bootstrap import Core, make_supervisor, open_core, running_rasa
from bot.channels.fit import fit
from bot.channels.terminal import TerminalChannel
from bot.cli.nlu import run_nlu
from bot.messages import Address, Incoming, IncomingKind
from bot.settings import Settings, load
from bot.tasks import background
from bot.understanding.supervisor import free_port

console = Console(stderr=True)


@click.command(help="Ask one question and read the answer.")
@click.argument("question")
@click.option("--as-of", metavar="DATE", help="Answer as of this day, e.g. 2022-11-07.")
def ask(question: str, as_of: str | None) -> None:
    asyncio.run(_ask(load(as_of=as_of), question))


@click.command(help="Talk with the bot here. Type a number to choose; Ctrl-D to leave.")
@click.option("--as-of", metavar="DATE", help="Talk as of this day, e.g. 2022-11-07.")
def chat(as_of: str | None) -> None:
    asyncio.run(_chat(load(as_of=as_of)))


async def _ask(settings: Settings, question: str) -> None:
    async with _with_rasa(settings) as core:
        await _turn(core, TerminalChannel(sys.stdout), Address("terminal", secrets.token_hex(8)), question)


async def _chat(settings: Settings) -> None:
    async with _with_rasa(settings) as core:
        channel, address = TerminalChannel(sys.stdout), Address("terminal", "local")
        await _turn(core, channel, address, "/help")
        while True:
            try:
                text = await asyncio.to_thread(input, "\n> ")
            except EOFError:
                print()
                return
            if text.strip():
                await _turn(core, channel, address, text)


async def _turn(core: Core, channel: TerminalChannel, address: Address, text: str) -> None:
    kind: IncomingKind = "payload" if text.startswith("/") else "text"
    turned = await core.turns.take(Incoming(address, secrets.token_hex(8), kind, text), channel.limits)
    for message in turned.messages:
        for piece in fit(message, channel.limits):
            await channel.send(address, piece)


@asynccontextmanager
async def _with_rasa(settings: Settings) -> AsyncIterator[Core]:
    """The core with a Rasa that answers: the running one if there is one, else one of our own for as long as this lasts."""
    url = await running_rasa(settings)
    if url:
        async with open_core(settings, url) as core:
            yield core
        return
    if await asyncio.to_thread(run_nlu, "nlu.train"):
        raise click.ClickException("the model could not be trained; see above")
    port = free_port()
    async with open_core(settings, f"http://127.0.0.1:{port}") as core:
        supervisor = make_supervisor(settings, port, core.rasa)
        async with background(supervisor.run()):
            with console.status("Loading the model (about 15 s; `./loa up` in another terminal keeps it loaded)…"):
                while not supervisor.ready:  # noqa: ASYNC110 - ready is a state that comes and goes
                    await asyncio.sleep(0.2)
            yield core
