"""`loa up`: everything at once; `loa sender`: only campaigns on their way out."""

import sys

import click
import uvloop

from bot import logs
from bot.serve import send, serve
from bot.settings import load


@click.command(help="Run everything: Rasa, the web page, Telegram (with LOA_TELEGRAM_TOKEN) and campaigns. Ctrl-C stops it in order.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the web page (default 8080; 0: any free one).")
@click.option("--as-of", metavar="DATE", help="Pretend it is this day, e.g. 2022-11-07: for rehearsals.")
@click.option("--no-telegram", is_flag=True, help="Leave Telegram alone even if a token is set.")
def up(port: int | None, as_of: str | None, no_telegram: bool) -> None:
    settings = load(port=port, as_of=as_of)
    logs.configure(settings.log_level, settings.log_json)
    sys.exit(0 if uvloop.run(serve(settings, telegram=not no_telegram)) else 1)


@click.command(help="Only send campaigns, beside a `loa up` and with the same settings; as many as you like. Ctrl-C stops it in order.")
def sender() -> None:
    settings = load()
    logs.configure(settings.log_level, settings.log_json)
    sys.exit(0 if uvloop.run(send(settings)) else 1)
