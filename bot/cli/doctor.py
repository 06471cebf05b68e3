"""`loa doctor`: what is installed, reachable, configured, stale. Exit 1 on trouble."""

import asyncio
import shutil
import subprocess
import sys
from dataclasses import dataclass

import click
import httpx

from bot.bootstrap import running_rasa
from bot.content.library import load as load_content
from bot.errors import ContentError, LoaError
from bot.settings import ROOT, Settings, load
from bot.store.database import Database
from bot.understanding.supervisor import nlu_environment, nlu_python

ENOUGH_DISK = 1 << 30


@dataclass
class Report:
    """Lines as they come; `trouble` counts what keeps Loa from serving."""

    trouble: int = 0

    def good(self, what: str, detail: str) -> None:
        click.echo(f"  ✓ {what}: {detail}")

    def note(self, what: str, detail: str) -> None:
        click.echo(f"  – {what}: {detail}")

    def bad(self, what: str, detail: str, remedy: str) -> None:
        self.trouble += 1
        click.echo(f"  ✗ {what}: {detail}\n      → {remedy}")


@click.command(help="Check what is installed, reachable, configured and stale; exit 1 on trouble.")
def doctor() -> None:
    report = Report()
    try:
        settings = load()
    except LoaError as error:
        report.bad("settings", str(error), "correct the variable or .env; .env.example lists every setting")
        sys.exit(1)
    report.good("settings", "valid")
    for check in (_environments, _disk, _content, _model):
        check(report, settings)
    asyncio.run(_reachable(report, settings))
    click.echo("All well." if not report.trouble else f"{report.trouble} thing(s) need attention.")
    sys.exit(1 if report.trouble else 0)


def _environments(report: Report, settings: Settings) -> None:
    report.good("application", f"Python {sys.version.split()[0]}")
    if settings.rasa_url:
        return
    if not nlu_python().exists():
        report.bad("Rasa's environment", "not installed", "run ./loa train (installs it)")
        return
    version = subprocess.run(
        [str(nlu_python()), "-c", "import importlib.metadata as m; print(m.version('rasa'))"],
        capture_output=True,
        text=True,
        env=nlu_environment(),
        check=False,
    )
    if version.returncode:
        report.bad("Rasa's environment", "damaged", "delete .venv-nlu and run ./loa train")
    else:
        report.good("Rasa's environment", f"rasa {version.stdout.strip()}")


def _disk(report: Report, settings: Settings) -> None:
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.state_dir).free
    if free < ENOUGH_DISK:
        report.bad("disk", f"{free >> 20} MB free at {settings.state_dir}", "free some space: the database needs room to write")
    else:
        report.good("disk", f"{free >> 30} GB free")


def _content(report: Report, settings: Settings) -> None:
    try:
        library = load_content(settings.content_dir)
    except ContentError as error:
        report.bad("content", f"{len(error.problems)} mistake(s), the first: {error.problems[0]}", "run ./loa content check")
        return
    report.good("content", f"{len(library.topics)} topics")


def _model(report: Report, settings: Settings) -> None:
    if settings.rasa_url or not nlu_python().exists():
        return
    fresh = subprocess.run(
        [str(nlu_python()), "-m", "nlu.train", "--check"],
        cwd=ROOT,
        env=nlu_environment(settings.content_dir),
        capture_output=True,
        text=True,
        check=False,
    )
    if fresh.returncode == 0:
        report.good("model", "up to date")
    else:
        report.bad("model", "missing or older than content or pipeline", "run ./loa train (./loa up does it by itself)")


async def _reachable(report: Report, settings: Settings) -> None:
    database = Database(settings.database)
    kind = "SQLite" if database.sqlite else "PostgreSQL"
    try:
        await database.migrate()
        await database.ping()
        report.good("database", f"{kind}, schema up to date")
    except LoaError as error:
        report.bad("database", str(error), "check LOA_DATABASE_URL and that the server runs")
    finally:
        await database.close()
    if await running_rasa(settings):
        report.good("Rasa", "answering")
    else:
        report.note("Rasa", "not running (./loa up starts it)")
    await _telegram(report, settings)
    await _redis(report, settings)


async def _telegram(report: Report, settings: Settings) -> None:
    if not settings.telegram_token:
        report.note("Telegram", "no LOA_TELEGRAM_TOKEN; the web page works without it")
        return
    url = f"{settings.telegram_api_url}/bot{settings.telegram_token.get_secret_value()}/getMe"
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = (await client.get(url)).json()
    except (httpx.HTTPError, ValueError) as error:
        report.bad(
            "Telegram",
            f"{settings.telegram_api_url} cannot be reached ({type(error).__name__})",
            "check the network or LOA_TELEGRAM_API_URL",
        )
        return
    if answer.get("ok"):
        report.good("Telegram", f"bot @{answer['result']['username']}")
    else:
        report.bad("Telegram", f"refused: {answer.get('description')}", "check LOA_TELEGRAM_TOKEN with @BotFather")


async def _redis(report: Report, settings: Settings) -> None:
    if not settings.redis_url:
        return
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    client = Redis.from_url(settings.redis_url.get_secret_value(), socket_connect_timeout=3, socket_timeout=3)
    try:
        await client.ping()
        report.good("Redis", "answering")
    except (RedisError, OSError) as error:
        report.bad("Redis", type(error).__name__, "check LOA_REDIS_URL and that the server runs")
    finally:
        await client.aclose()
