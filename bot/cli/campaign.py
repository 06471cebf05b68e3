"""`loa campaign …`: what staff do with campaigns, from a first look to the report. They read Vietnamese."""

import asyncio
import csv
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from bot.bootstrap import LIMITS, Core, open_core
from bot.campaigns import policy
from bot.campaigns.library import PAYS, Loaded, advice, lint, seams
from bot.campaigns.lifecycle import IN_WORDS, NotAllowed
from bot.campaigns.pacing import seconds_for
from bot.campaigns.render import Composer
from bot.campaigns.schedule import Slot, ends, upcoming
from bot.channels.fit import fit
from bot.channels.telegram import TelegramChannel, bot_id
from bot.clock import VIETNAM
from bot.errors import DeliveryError
from bot.messages import Address, Message
from bot.services.campaigns import Report, Status
from bot.services.imports import read_figures
from bot.services.media import StoredMedia
from bot.settings import Settings, load
from bot.store import deliveries, indicators

console = Console(highlight=False, soft_wrap=True)
STAR = 0.1  # Telegram Stars for a message above the free rate (https://core.telegram.org/bots/faq#broadcasting-to-users)
LOOK_EVERY = 1.0  # seconds between looks of `status --watch`
RATES = {"telegram": lambda settings: settings.telegram_rate}

by = click.option("--by", "actor", required=True, metavar="NAME", help='Who does it, for the audit: --by "Nguyễn Văn A".')
name = click.argument("campaign", metavar="ID")


@click.group(help="Campaigns: look, try out, approve, start, follow, report.")
def campaign() -> None:
    pass


@asynccontextmanager
async def _core(settings: Settings | None = None) -> AsyncIterator[Core]:
    settings = settings or load()
    async with open_core(settings, settings.rasa_url or "http://127.0.0.1:1") as core:
        yield core


def _run(work: Callable[[Core], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with _core() as core:
            return await work(core)

    return asyncio.run(run())


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def _number(count: float) -> str:
    return f"{count:,.0f}".replace(",", ".")


# --- looking


@campaign.command("list", help="Every campaign with its state and next date; then the mistakes in the files.")
def list_() -> None:
    async def work(core: Core) -> None:
        table = Table(Column("Mã", no_wrap=True), "Tên", "Trạng thái", "Lần tới", "Đã tới", "Đối tượng", box=None)
        for status in await core.campaigns.everything():
            sent, audience = _sum(status, "sent"), _sum(status)
            following = _day(status.next.at) if status.next else "–"
            table.add_row(status.id, status.title, _state(status), following, _number(sent), _number(audience))
        console.print(table)
        for problem in core.campaigns.live.problems:
            click.echo(str(problem))

    _run(work)


@campaign.command(help="One campaign in full: when, to whom, what, and its history.")
@name
def show(campaign: str) -> None:
    async def work(core: Core) -> None:
        status = await core.campaigns.status(campaign)
        click.echo(f"{status.title}  ({status.id})\nTrạng thái: {_state(status)}" + (f" – {status.why}" if status.why else ""))
        if status.loaded:
            _show_loaded(core, status.loaded)
        for occurrence in status.occurrences:
            counts = status.counts.get(occurrence.id, {})
            click.echo(f"• {occurrence.key}: {OCCURRENCE[occurrence.state]}, hẹn {_day(occurrence.due_at)}, {_states(counts)}")
        click.echo("\nNhật ký:")
        for entry in await core.campaigns.history(campaign):
            click.echo(f"  {_day(entry.at)}  {entry.actor}: {entry.action}" + (f" ({entry.detail})" if entry.detail else ""))

    _run(work)


OCCURRENCE = {
    "due": "đến lượt",
    "filling": "đang lập danh sách",
    "sending": "đang gửi",
    "paused": "tạm dừng",
    "done": "đã xong",
    "missed": "đã lỡ",
    "cancelled": "đã hủy",
}


def _show_loaded(core: Core, loaded: Loaded) -> None:
    item = loaded.campaign
    click.echo(f"Tệp: {loaded.file}   Người soạn: {item.author}   Dấu nội dung: {loaded.hash[:12]}")
    for slot in upcoming(item, core.clock.now(), 6, seams(core.library())):
        click.echo(f"Sẽ gửi: {_day(slot.at)}  ({slot.key})")
    chosen = item.audience.model_dump(exclude_defaults=True, mode="json")
    click.echo("Gửi cho: " + (", ".join(f"{key}: {value}" for key, value in chosen.items()) or "mọi người đã đồng ý nhận tin"))


@campaign.command(help="The messages as each channel shows them, with every variant and date of its own.")
@name
@click.option("--channel", type=click.Choice(sorted(LIMITS)), help="Only this channel.")
def preview(campaign: str, channel: str | None) -> None:
    async def work(core: Core) -> None:
        loaded = core.campaigns.loaded(campaign)
        for title, shown, message in _messages(core, loaded, channel):
            click.secho(f"─── {title} ", bold=True)
            for piece in fit(message, LIMITS[shown]):
                _show_message(piece)

    _run(work)


def _messages(core: Core, loaded: Loaded, only: str | None) -> Iterable[tuple[str, str, Message]]:
    """(what it is, channel, message) of everything the campaign can say, without repeats."""
    library, item = core.library(), loaded.campaign
    channels = [only] if only else [name for name in LIMITS if not item.audience.channels or name in item.audience.channels]
    seen = set()
    for channel in channels:
        for moment, variant, _ in item.every_part():
            at = _read_on(core, loaded, moment)
            message = Composer(loaded.approved, 0, moment, at, library.media).message(variant, channel, "Xã Diễn Kỷ")
            if (channel, message) not in seen:
                seen.add((channel, message))
                yield (
                    " · ".join(
                        filter(None, (channel, f"ngày {moment}" if moment is not None else "", f"bản {variant}" if variant else ""))
                    ),
                    channel,
                    message,
                )


def _read_on(core: Core, loaded: Loaded, moment: int | None):  # type: ignore[no-untyped-def]
    """The day a message is read on: for a countdown, the day it counts."""
    countdown = loaded.campaign.schedule.countdown
    if countdown:
        return countdown.to - timedelta(days=moment if moment is not None else max(countdown.days))
    return core.clock.now().astimezone(VIETNAM).date()


def _show_message(message: Message) -> None:
    for media in message.media:
        click.echo(f"[{media.kind}: {Path(media.path).name}]")
    if message.text:
        click.echo(message.text)
    for row in message.buttons:
        click.echo("   " + "  ".join(f"[ {button.text} ]" + (f" → {button.url}" if button.url else "") for button in row))
    click.echo()


@campaign.command(help="Who would get it, when, and how long it takes – with the subscribers of today. Sends nothing.")
@name
@click.option("--count", default=5, show_default=True, help="How many dates ahead.")
def simulate(campaign: str, count: int) -> None:
    async def work(core: Core) -> None:
        loaded = core.campaigns.loaded(campaign)
        now = core.clock.now()
        ahead = upcoming(loaded.campaign, now, count, seams(core.library()))
        standing = (await core.campaigns.status(campaign)).standing
        left = max(core.settings.telegram_paid_budget - (standing.paid if standing else 0), 0) if loaded.campaign.paid else 0
        for slot in ahead:
            click.echo(_simulated(core, loaded, slot, await core.campaigns.reach(campaign, slot), left))
        if left:
            click.echo(f"Gửi nhanh có trả phí: còn được {_number(left)} tin, nhiều nhất {_stars(left)}.")
        for reason in lint(loaded, core.library(), now, core.settings.telegram_paid_budget):
            click.secho(f"✗ {reason}", fg="red")
        for hint in advice(loaded, core.library(), now):
            click.secho(f"! {hint}", fg="yellow")

    _run(work)


def _simulated(core: Core, loaded: Loaded, slot: Slot, reach: dict[str, int], paid: int) -> str:
    finish = slot.at
    for channel, count in reach.items():
        rate = RATES[channel](core.settings) if channel in RATES else 1000.0
        seconds = seconds_for(count, rate, paid) if channel == PAYS else count / rate
        finish = max(finish, ends(slot.at, seconds, loaded.campaign.schedule.quiet))
    parts = ", ".join(f"{channel} {_number(count)}" for channel, count in reach.items()) or "không có ai"
    warning = f"  ✗ quá giờ hữu ích {_day(slot.until)}" if finish > slot.until else ""
    return f"{_day(slot.at)}  {slot.key}: {_number(sum(reach.values()))} người ({parts}), xong lúc {_day(finish)}{warning}"


# --- trying out


@campaign.command("test", help="Send every message of a campaign to the staff of LOA_STAFF_CHATS, now.")
@name
def test_(campaign: str) -> None:
    async def work(core: Core) -> None:
        loaded = core.campaigns.loaded(campaign)
        token = core.settings.telegram_token
        reachable = [to for to in core.settings.staff if to.channel == TelegramChannel.name]
        if not reachable or token is None:
            raise NotAllowed("chưa có nơi nhận thử: đặt LOA_STAFF_CHATS=telegram:<mã cuộc trò chuyện> và LOA_TELEGRAM_TOKEN")
        secret = token.get_secret_value()
        kept = StoredMedia(core.database, f"telegram:{bot_id(secret)}")
        async with TelegramChannel(secret, core.clock, api_url=core.settings.telegram_api_url, media_ids=kept) as channel:
            for _, _, message in _messages(core, loaded, TelegramChannel.name):
                for to in reachable:
                    await _try(channel, to, message)
        click.echo("Đã gửi thử. Bà con chưa ai nhận được gì; nút bấm trong tin thử không ghi lại.")

    _run(work)


async def _try(channel: TelegramChannel, to: Address, message: Message) -> None:
    for piece in fit(message, channel.limits):
        try:
            await channel.send(to, piece)
        except DeliveryError as error:
            raise NotAllowed(f"gửi thử không được: {policy.WORDS.get(error.kind, error.kind)} ({error})") from None
        await asyncio.sleep(1.05)  # one message a second to one chat


# --- life


def _step(action: str, text: str, done: str, why: bool = False) -> None:
    @name
    @by
    @click.option("--why", default=None, help="The reason, for the audit.", hidden=not why)
    def command(campaign: str, actor: str, why: str | None) -> None:
        async def work(core: Core) -> None:
            service = core.campaigns
            steps: dict[str, Callable[[], Awaitable[None]]] = {
                "submit": lambda: service.submit(campaign, actor),
                "approve": lambda: service.approve(campaign, actor),
                "reject": lambda: service.reject(campaign, actor, why or ""),
                "start": lambda: service.start(campaign, actor),
                "pause": lambda: service.pause(campaign, actor, why),
                "resume": lambda: service.resume(campaign, actor),
                "cancel": lambda: service.cancel(campaign, actor, why),
            }
            await steps[action]()
            click.echo(done)

        _run(work)

    campaign.command(action, help=text)(command)


_step("submit", "Hand in for approval. Any later edit makes it a draft again.", "Đã gửi duyệt. Nhờ một người khác xem lại và duyệt.")
_step("approve", "Approve what was handed in (not by its author).", "Đã duyệt đúng nội dung hiện tại. Bắt đầu bằng: loa campaign start")
_step("reject", "Send back to its author.", "Đã trả lại cho người soạn.", why=True)
_step("start", "Let its dates come due from now on.", "Đã lên lịch.")
_step("pause", "Stop at once; what is queued waits.", "Đã tạm dừng: không tin nào rời máy nữa.", why=True)
_step("resume", "Go on after a pause.", "Gửi tiếp.")
_step("cancel", "End it for good; what is queued is not sent.", "Đã hủy. Những người chưa tới lượt sẽ không nhận được.", why=True)


@campaign.command(help="Queue again: those that failed, or with --unknown those that may or may not have arrived (some may get it twice).")
@name
@by
@click.option("--unknown", is_flag=True, help="Also the unknown ones.")
def resend(campaign: str, actor: str, unknown: bool) -> None:
    states = ("failed", "unknown") if unknown else ("failed",)
    count = _run(lambda core: core.campaigns.resend(campaign, actor, states))
    click.echo(f"Đã xếp hàng lại {_number(count)} tin.")


# --- following


@campaign.command(help="How far it is: progress, rate, time left, failures by kind.")
@name
@click.option("--watch", is_flag=True, help="Follow until it is done; Ctrl-C to leave.")
def status(campaign: str, watch: bool) -> None:
    async def work(core: Core) -> None:
        current = await core.campaigns.status(campaign)
        if watch and sys.stdout.isatty():
            current = await _watch(core, campaign, current)
        click.echo(f"{current.title}: {_state(current)}" + (f" – {current.why}" if current.why else ""))
        if current.next:
            click.echo(f"Lần gửi tới: {_day(current.next.at)}")
        for occurrence in current.occurrences:
            click.echo(f"• {occurrence.key} – {OCCURRENCE[occurrence.state]}: {_states(current.counts.get(occurrence.id, {}))}")
        if current.standing and current.standing.paid:
            click.echo(_paid(core, current.standing.paid))
        ids = [occurrence.id for occurrence in current.occurrences]
        async with core.database.read() as connection:
            for line in policy.in_words(row for row in await deliveries.kinds(connection, ids) if row[1]):
                click.echo(f"  – {line}")

    _run(work)


async def _watch(core: Core, campaign: str, current: Status) -> Status:
    """A live bar until nothing is on its way any more."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("Đang gửi", total=None, rate="")
        before, at = _ended(current), time.monotonic()
        while current.state in ("scheduled", "running", "paused"):
            await asyncio.sleep(LOOK_EVERY)
            current = await core.campaigns.status(campaign)
            ended, now, total = _ended(current), time.monotonic(), _sum(current)
            rate = (ended - before) / (now - at)
            left = f", còn {timedelta(seconds=round((total - ended) / rate))}" if rate > 0 else ""
            progress.update(bar, total=total or None, completed=ended, rate=f"{rate:.1f} tin/giây{left}")
            before, at = ended, now
            if not any(item.state in ("due", "filling", "sending") for item in current.occurrences):
                break
    return current


def _paid(core: Core, messages: int) -> str:
    return (
        f"Gửi nhanh có trả phí: {_number(messages)} trên {_number(core.settings.telegram_paid_budget)} tin, nhiều nhất {_stars(messages)}."
    )


def _stars(messages: int) -> str:
    return f"{messages * STAR:,.1f} Sao Telegram".translate(str.maketrans(",.", ".,"))


def _ended(status: Status) -> int:
    return sum(_sum(status, state) for state in deliveries.FINAL)


def _sum(status: Status, state: str | None = None) -> int:
    return sum(sum(counts.values()) if state is None else counts.get(state, 0) for counts in status.counts.values())


def _states(counts: Any) -> str:
    return ", ".join(f"{policy.STATES[state]} {_number(count)}" for state, count in counts.items() if count) or "chưa có ai"


def _state(status: Status) -> str:
    return IN_WORDS[status.state]


# --- what came of it


@campaign.command(help="What came of it: delivered, pressed, asked, stopped – by locality, variant and channel.")
@name
@click.option(
    "--csv",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write who did and who did not get it, and why (no chat ids).",
)
def report(campaign: str, path: Path | None) -> None:
    async def work(core: Core) -> None:
        found = await core.campaigns.report(campaign)
        _show_report(core, found)
        if path:
            count = await _export(core, found, path)
            click.echo(f"Đã ghi {_number(count)} dòng vào {path}.")

    _run(work)


def _show_report(core: Core, found: Report) -> None:
    click.echo(f"Đối tượng {_number(found.audience)}, đã tới {_number(found.total('sent'))}. Từng phần cộng lại đúng bằng đối tượng:")
    for line in policy.in_words(found.kinds):
        click.echo(f"  {line}")
    if found.paid:
        click.echo(_paid(core, found.paid))
    click.echo(f"Trong 24 giờ sau tin: {_number(found.asked)} người hỏi Loa, {_number(found.opted_out)} người dừng nhận tin.")
    for button, action, count, right in found.pressed:
        click.echo(f"Bấm “{button}”: {_number(count)}" + (f" ({_number(right)} đúng)" if action == "quiz" else ""))
    titles = {"channel": "Kênh", "variant": "Bản", "place": "Nơi ở"}
    for key, rows in found.breakdown.items():
        if len(rows) > 1 or key == "channel":
            table = Table(titles[key], "Đối tượng", "Đã tới", "Đã bấm", box=None)
            for value, audience, sent, pressed in rows[:30]:
                table.add_row(_called(core, key, value), _number(audience), _number(sent), _number(pressed))
            console.print(table)


def _called(core: Core, key: str, value: str | None) -> str:
    places = core.library().places
    return places[value].name if key == "place" and value and value in places else value or "(không rõ)"


async def _export(core: Core, found: Report, path: Path) -> int:
    ids, after, count = [item.id for item in found.occurrences], 0, 0
    with path.open("w", newline="", encoding="utf-8-sig") as file:  # the mark makes Excel read Vietnamese
        out = csv.writer(file)
        out.writerow(["dong", "lan_gui", "kenh", "noi_o", "ket_qua", "ly_do", "ban", "luc"])
        while True:
            async with core.database.read() as connection:
                rows = await deliveries.listing(connection, ids, after)
            for row, key, channel, place, state, kind, variant, at in rows:
                reason = policy.WORDS.get(kind, kind) if kind else ""
                out.writerow([row, key, channel, place or "", policy.STATES[state], reason, variant or "", _day(at) if at else ""])
            count += len(rows)
            if not rows:
                return count
            after = rows[-1][0]


# --- figures


@campaign.command(
    "figures", help="Import figures by locality from a CSV (place,name,value) for indicator audiences; without FILE, list them."
)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def figures_(file: Path | None) -> None:
    async def work(core: Core) -> None:
        if file:
            values = await asyncio.to_thread(read_figures, file, core.library().places)
            async with core.database.write() as connection:
                for indicator, by_place in values.items():
                    await indicators.put(connection, indicator, by_place, core.clock.now())
        async with core.database.read() as connection:
            for indicator, (count, at) in (await indicators.names(connection)).items():
                click.echo(f"{indicator}: {count} nơi, nhập lúc {_day(at)}")

    _run(work)
