"""A whole Loa in one process: the parts of `loa up`, and how they hang together."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack

import click
import structlog
import uvicorn

from bot import logs
from bot.bootstrap import Core, make_supervisor, open_core, rasa_port
from bot.campaigns.pace import LocalPace, NoPace
from bot.campaigns.pacing import PAID_RATE, Chats
from bot.channels.base import Channel
from bot.channels.telegram import TelegramChannel, bot_id
from bot.channels.web import WebChannel
from bot.errors import LoaError, SettingError, StoreError
from bot.metrics import CONTENT_PROBLEMS, INBOX_WAITING, RASA_READY
from bot.parts import Part, run_parts, stop_on_signals, until_stopped
from bot.services.alarms import Alarms
from bot.services.campaign_clock import CampaignClock
from bot.services.delivery import Sender
from bot.services.handle import Handler
from bot.services.intake import Intake
from bot.services.media import StoredMedia
from bot.services.outbox import Outbox
from bot.services.reply import Pace, Replies
from bot.services.shared_pace import SharedPace, Turnstile
from bot.settings import ROOT, Settings
from bot.store import conversations, deliveries, inbox
from bot.store import outbox as waiting
from bot.understanding.supervisor import Supervisor, nlu_environment, nlu_python
from bot.web.app import WEBHOOK, Ready, create_app

log = structlog.get_logger()

HOUSEKEEPING, GAUGES = 3600.0, 5.0  # seconds
PAID_IN_FLIGHT = 240  # requests on their way at once for what is paid: a quarter of a second's worth


async def serve(settings: Settings, telegram: bool) -> bool:
    """Run until asked to stop. False if a part died. Raises LoaError when it cannot start."""
    port = rasa_port(settings)
    async with AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stop_on_signals())
        core = await stack.enter_async_context(open_core(settings, settings.rasa_url or f"http://127.0.0.1:{port}"))
        listening = stack.enter_context(_listen(settings))
        supervisor = None if settings.rasa_url else make_supervisor(settings, port, core.rasa)
        outbox = Outbox(core.database, core.clock)
        web = WebChannel(outbox)
        channels: dict[str, Channel] = {web.name: web}
        paces: dict[str, Pace] = {web.name: NoPace()}
        parts: list[Part] = []
        messenger = None
        if telegram and settings.telegram_token:
            messenger = await stack.enter_async_context(_telegram(settings, core))
            channels[messenger.name] = messenger
        # Alarms go to staff whether they subscribed or not; campaigns only where consent is in force.
        senders = await _senders(settings, core, stack, {**channels, web.name: WebChannel(outbox, consent=True)}, paces)
        if messenger:
            parts += _messenger(messenger, paces[messenger.name], core)
        parts += _campaigns(core, senders)
        ready = _Readiness(core, supervisor, messenger)
        parts += _alarms(core, channels, paces, ready.seen)
        app = create_app(
            core.turns,
            web,
            outbox,
            rate_per_minute=settings.web_rate_per_minute,
            trust_proxy=settings.trust_proxy,
            embed_hosts=settings.web_embed_hosts,
            ready=ready,
            telegram_webhook=messenger.webhook if messenger else None,
        )
        parts += [
            Part("web", _web(app, listening, outbox)),
            Part("content", until_stopped(lambda: core.content.follow(changed=lambda: None))),
            Part("housekeeping", until_stopped(lambda: _housekeeping(core, supervisor))),
        ]
        if supervisor:
            parts.append(Part("rasa", until_stopped(lambda: _understand(supervisor, settings))))
        click.echo(_welcome(settings, listening))
        return await run_parts(parts, stop)


async def send(settings: Settings) -> bool:
    """Only work off campaigns on Telegram, beside a `loa up`, until asked to stop. False if a part died. Raises LoaError."""
    if not settings.telegram_token:
        raise SettingError("LOA_TELEGRAM_TOKEN: a sender sends on Telegram, and needs the bot's token")
    if not settings.redis_url:
        raise SettingError("LOA_REDIS_URL: processes that send with one token must share its pace, and do so in Redis")
    async with AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stop_on_signals())
        core = await stack.enter_async_context(open_core(settings, settings.rasa_url or f"http://127.0.0.1:{settings.rasa_port}"))
        telegram = await stack.enter_async_context(_telegram(settings, core))
        senders = await _senders(settings, core, stack, {telegram.name: telegram}, {})
        click.echo("Loa sends campaigns; a `loa up` plans them and answers. Ctrl-C stops.")
        content = Part("content", until_stopped(lambda: core.content.follow(changed=lambda: None)))
        return await run_parts([content, *(Part("sender", sender.run) for sender in senders)], stop)


def _pace(settings: Settings, core: Core, stack: AsyncExitStack, rate: float, chats: Chats, turns: str) -> LocalPace:
    """A pace of the Telegram bot: this process's own, or that of all who know the same Redis."""
    if not settings.redis_url:
        return LocalPace(rate, chats)
    turnstile = Turnstile(settings.redis_url.get_secret_value(), bot_id(_token(settings)))
    stack.push_async_callback(turnstile.aclose)

    async def processes() -> int:
        async with core.database.read() as connection:
            return await deliveries.senders(connection)

    return SharedPace(rate, turnstile, processes, chats, turns)


async def _senders(
    settings: Settings, core: Core, stack: AsyncExitStack, channels: dict[str, Channel], paces: dict[str, Pace]
) -> list[Sender]:
    """What works off campaigns on `channels`, and on Telegram for money beside it if any may be spent. Puts Telegram's pace into `paces`."""
    senders = [Sender(core.library, core.database, channels, paces, core.clock, core.campaigns.pause_itself)]
    if TelegramChannel.name not in channels:
        return senders
    chats = Chats()
    paces[TelegramChannel.name] = free = _pace(settings, core, stack, settings.telegram_rate, chats, "turn")
    if settings.telegram_paid_budget:
        channel = await stack.enter_async_context(_telegram(settings, core, paid=True))
        pace = _pace(settings, core, stack, PAID_RATE - settings.telegram_rate, chats, "paid")
        free.beside, pace.beside = pace, free
        paid = Sender(
            core.library, core.database, {channel.name: channel}, {channel.name: pace}, core.clock, core.campaigns.pause_itself,
            in_flight=PAID_IN_FLIGHT, paid_budget=settings.telegram_paid_budget,
        )  # fmt: skip
        senders.append(paid)
    return senders


def _token(settings: Settings) -> str:
    assert settings.telegram_token
    return settings.telegram_token.get_secret_value()


def _telegram(settings: Settings, core: Core, paid: bool = False) -> TelegramChannel:
    secret, token = settings.telegram_webhook_secret, _token(settings)
    channel = TelegramChannel(
        token,
        core.clock,
        api_url=settings.telegram_api_url,
        media_ids=StoredMedia(core.database, f"telegram:{bot_id(token)}"),
        paid=paid,
        webhook_secret=secret.get_secret_value() if secret else None,
        webhook_url=settings.public_url + WEBHOOK if settings.public_url and secret else None,
    )
    logs.keep_out(channel.secrets())
    return channel


def _messenger(channel: TelegramChannel, pace: Pace, core: Core) -> list[Part]:
    """Receiving and answering on a listening channel."""
    replies = Replies(channel, pace, core.database, core.clock)
    intake = Intake(channel.name, Handler(core.turns, replies, channel.limits, core.database, core.clock), core.database, core.clock)
    return [
        Part(f"{channel.name}-listen", until_stopped(lambda: channel.listen(intake.receive))),
        Part(f"{channel.name}-answer", intake.run),
    ]


def _campaigns(core: Core, senders: list[Sender]) -> list[Part]:
    def wake() -> None:
        for sender in senders:
            sender.wake()

    tick = CampaignClock(core.campaigns, core.campaigns.live, core.library, core.database, core.clock, wake)
    return [Part("campaigns", tick.run), *(Part("sender", sender.run) for sender in senders)]


def _alarms(core: Core, channels: dict[str, Channel], paces: dict[str, Pace], seen: Ready) -> list[Part]:
    staff = [to for to in core.settings.staff if to.channel in channels]
    if len(staff) < len(core.settings.staff):
        log.warning("alarms.no_channel", do="LOA_STAFF_CHATS names a channel that does not run here")
    alarms = Alarms(
        staff,
        {name: Replies(channel, paces[name], core.database, core.clock) for name, channel in channels.items()},
        seen,
        lambda: [*core.content.problems, *core.campaigns.live.problems],
        core.campaigns,
        core.database,
        core.clock,
    )
    return [Part("alarms", until_stopped(alarms.watch))] if staff else []


def _listen(settings: Settings) -> socket.socket:
    """The web page's socket, taken before anything is started, so that a port in use is said at once."""
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # so that asyncio switches off the 40 ms wait of Nagle
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(128)  # who comes before the server is ready waits a moment instead of being refused
    except OSError as error:
        listening.close()
        raise SettingError(
            f"port {settings.port} on {settings.host} cannot be used ({error.strerror}). Is another Loa running? Try ./loa up --port 8081"
        ) from None
    return listening


def _web(app: object, listening: socket.socket, outbox: Outbox):  # type: ignore[no-untyped-def]
    async def run(stop: asyncio.Event) -> None:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False, timeout_graceful_shutdown=3))  # type: ignore[arg-type]
        # Signals are ours: uvicorn must not take them over.
        serving = asyncio.ensure_future(server._serve(sockets=[listening]))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            outbox.close()
            server.should_exit = True
            await serving

    return run


async def _understand(supervisor: Supervisor, settings: Settings) -> None:
    """Serve with the newest model; train first, or beside it, when content or pipeline changed since."""
    have_model = any((ROOT / "models").glob("*.tar.gz"))
    if not have_model:
        await _train(settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        if have_model and await _train(settings):
            supervisor.restart()


async def _train(settings: Settings) -> bool:
    """Bring the model up to date. True if a new one was trained; a failed training leaves the old one in charge."""
    log_file = settings.state_dir / "log" / "train.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as complaints:  # TensorFlow and its friends say much on stderr that helps nobody at the terminal
        process = await asyncio.create_subprocess_exec(
            str(nlu_python()),
            "-m",
            "nlu.train",
            cwd=ROOT,
            env=nlu_environment(settings.content_dir),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        )
    trained = False
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace").rstrip()
            trained = trained or "trained in" in text
            if text and "still fits" not in text:
                click.echo(f"  {text}")
        if await process.wait():
            log.error("training.failed", code=process.returncode, see=str(log_file))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return trained and process.returncode == 0


async def _housekeeping(core: Core, supervisor: Supervisor | None) -> None:
    """Gauges every few seconds; what is only kept for a while is forgotten every hour."""
    loop = asyncio.get_running_loop()
    due = 0.0
    while True:
        RASA_READY.set(await core.rasa.ready() if supervisor is None else supervisor.ready)
        CONTENT_PROBLEMS.set(len(core.content.problems))
        try:
            async with core.database.read() as connection:
                for channel, count in (await inbox.count_waiting(connection)).items():
                    INBOX_WAITING.labels(channel).set(count)
            if loop.time() >= due:
                async with core.database.write() as connection:
                    await inbox.forget_old(connection, core.clock.now())
                    await conversations.forget_old(connection, core.clock.now())
                    await waiting.forget_old(connection, core.clock.now())
                due = loop.time() + HOUSEKEEPING
        except StoreError as error:
            log.error("housekeeping.failed", error=str(error))
        await asyncio.sleep(GAUGES)


class _Readiness:
    """What `/readyz` says of each part."""

    def __init__(self, core: Core, supervisor: Supervisor | None, messenger: TelegramChannel | None):
        self._core, self._supervisor, self._messenger = core, supervisor, messenger

    async def __call__(self) -> Mapping[str, str]:
        parts = {"database": await self._database(), "content": "ok", "rasa": await self._rasa()}
        return parts | {"telegram": self._messenger.trouble or "ok"} if self._messenger else parts

    async def seen(self) -> Mapping[str, str]:
        """The same, but Telegram is "ok" only once it has answered: until then a trouble from before this start may last."""
        parts = await self()
        fresh = self._messenger and not self._messenger.trouble and not self._messenger.heard_at
        return {**parts, "telegram": "starting"} if fresh else parts

    async def _database(self) -> str:
        try:
            await self._core.database.ping()
        except LoaError:
            return "unreachable"
        return "ok"

    async def _rasa(self) -> str:
        if self._supervisor is not None:
            return "ok" if self._supervisor.ready else "starting"
        return "ok" if await self._core.rasa.ready() else "unreachable"


def _welcome(settings: Settings, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    as_of = f"\n  Pretending it is {settings.as_of:%d/%m/%Y %H:%M}." if settings.as_of else ""
    return (
        f"Loa is up: open http://{shown}:{port}{as_of}\n"
        "  Buttons answer at once; typed questions as soon as Rasa has loaded (about 20 s). Ctrl-C stops."
    )
