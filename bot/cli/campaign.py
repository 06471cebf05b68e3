"""`loa campaign …`: what staff do with campaigns, from a first look to the report. They read Vietnamese."""

import asyncio
import csv
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from bot.bootstrap import LIMITS, Core, open_core
from bot.campaigns import policy
from bot.campaigns.library import PAYS, Loaded, lint, seams
from bot.campaigns.lifecycle import IN_WORDS, NotAllowed
from bot.campaigns.pacing import seconds_for
from bot.campaigns.render import Composer
from bot.campaigns.schedule import Slot, ends, upcoming
from bot.channels.fit import fit
from bot.channels.telegram import TelegramChannel, bot_id
from bot.cli import words
from bot.cli.words import day, number
from bot.clock import VIETNAM
from bot.content.library import Library
from bot.errors import DeliveryError, Problem, Throttled
from bot.messages import Address, Message
from bot.services.campaigns import Report, Status
from bot.services.imports import read_figures
from bot.services.media import StoredMedia
from bot.settings import Settings, load
from bot.store import deliveries, indicators

console = Console(highlight=False, soft_wrap=True)
STAR = 0.1  # Telegram Stars for a message above the free rate (https://core.telegram.org/bots/faq#broadcasting-to-users)
LOOK_EVERY, LOOKS = 1.0, 10  # seconds between looks of `status --watch`; how many the rate is taken over
RATES = {"telegram": lambda settings: settings.telegram_rate}


def _named(_: click.Context, __: click.Parameter, value: str) -> str:
    if not value.strip():
        raise NotAllowed('thiếu tên người làm: --by "Họ tên"')
    return value.strip()


by = click.option("--by", "actor", default="", callback=_named, metavar="TÊN", help='Tên người làm, để ghi nhật ký: --by "Nguyễn Văn A".')
name = click.argument("campaign", metavar="MÃ")


class InOrder(click.Group):
    """Lists its commands in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=InOrder,
    short_help="Campaigns: look, try out, approve, start, follow, report.",
    help="Chiến dịch: xem, gửi thử, trình duyệt, cho chạy, theo dõi, báo cáo. MÃ là tên tệp trong content/campaigns, không có đuôi .yml.",
)
def campaign() -> None:
    pass


@asynccontextmanager
async def _core(settings: Settings | None = None) -> AsyncIterator[Core]:
    settings = settings or load()
    logging.getLogger("bot.campaigns.library").setLevel("CRITICAL")  # what it would log is said to staff in their language
    async with open_core(settings, settings.rasa_url or "http://127.0.0.1:1") as core:
        yield core


def _run(work: Callable[[Core], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with _core() as core:
            broken = [problem for problem in core.campaigns.live.problems if not problem.warning]
            if broken and click.get_current_context().info_name != "list":  # which shows them all
                click.echo(f"Lưu ý, có tệp chiến dịch lỗi: {broken[0]}\nXem hết bằng: ./loa campaign list\n", err=True)
            return await work(core)

    return asyncio.run(run())


# --- looking


@campaign.command("list", help="Mọi chiến dịch và lỗi trong tệp.")
def list_() -> None:
    async def work(core: Core) -> None:
        everything = await core.campaigns.everything()
        for status in everything:
            click.echo(words.listed(status, _sum(status, "sent"), _sum(status)))
        _problems("Cần xem lại trong tệp", core.campaigns.live.problems)
        now, budget = core.clock.now(), core.settings.telegram_paid_budget
        drafts = [status.loaded for status in everything if status.loaded and status.state == "draft"]
        _problems("Chưa trình duyệt được", [problem for loaded in drafts for problem in lint(loaded, core.library(), now, budget)])

    _run(work)


def _problems(title: str, problems: Sequence[Problem]) -> None:
    if problems:
        click.echo(f"\n{title}:")
    for problem in problems:
        click.echo(str(problem))


@campaign.command(help="Một chiến dịch: lịch, đối tượng, tiến độ, nhật ký.")
@name
def show(campaign: str) -> None:
    async def work(core: Core) -> None:
        status = await core.campaigns.status(campaign)
        click.echo(f"{status.title}  ({status.id})\nTrạng thái: {_state(status)}" + (f" – {status.why}" if status.why else ""))
        if status.loaded:
            _show_loaded(core, status.loaded)
        for line in words.occurrences(status, core.library()):
            click.echo(f"• {line}")
        history = await core.campaigns.history(campaign)
        click.echo("\nNhật ký:" if history else "\nChưa ai trình duyệt.")
        for entry in history:
            click.echo(
                f"  {day(entry.at)}  {entry.actor}: {words.ACTIONS.get(entry.action, entry.action)}"
                + (f" ({entry.detail})" if entry.detail else "")
            )

    _run(work)


def _show_loaded(core: Core, loaded: Loaded) -> None:
    item = loaded.campaign
    click.echo(f"Tệp: {loaded.file}   Người soạn: {item.author}   Dấu nội dung: {loaded.hash[:12]}")
    for slot in upcoming(item, core.clock.now(), 6, seams(core.library())):
        click.echo(f"Sẽ gửi: {words.when(slot, core.library())}")
    click.echo(f"Gửi cho: {words.whom(item.audience, core.library())}")


@campaign.command(help="Bà con sẽ thấy gì trên từng kênh, với từng bản và từng mốc.")
@name
@click.option("--channel", type=click.Choice(sorted(LIMITS)), help="Chỉ kênh này.")
def preview(campaign: str, channel: str | None) -> None:
    async def work(core: Core) -> None:
        loaded = core.campaigns.loaded(campaign)
        for title, shown, message in _messages(core, loaded, channel):
            pieces = fit(message, LIMITS[shown])
            for index, piece in enumerate(pieces, 1):
                click.secho(f"─── {title}" + (f" · tin {index} trên {len(pieces)}" if len(pieces) > 1 else ""), bold=True)
                _show_message(piece)

    _run(work)


def _messages(core: Core, loaded: Loaded, only: str | None) -> Iterable[tuple[str, str, Message]]:
    """(what it is, channel, message) of everything the campaign can say, without repeats."""
    library, item = core.library(), loaded.campaign
    channels = [only] if only else [name for name in LIMITS if not item.audience.channels or name in item.audience.channels]
    seen = set()
    for channel in channels:
        for moment, variant in item.every_part():
            at = _read_on(core, loaded, moment)
            message = Composer(loaded.approved, 0, moment, at, library.media).message(variant, channel, _somewhere(library, at))
            if (channel, message) not in seen:
                seen.add((channel, message))
                told = (words.CHANNELS[channel], f"mốc {moment}" if moment is not None else "", f"bản {variant}" if variant else "")
                yield " · ".join(filter(None, told)), channel, message


def _somewhere(library: Library, on: date) -> str:
    """A locality as a resident of it would read its name that day."""
    commune = next(place for place in library.places.values() if place.kind == "commune")
    return library.places.name_on(commune.slug, on)


def _read_on(core: Core, loaded: Loaded, moment: int | None) -> date:
    """The day a message is read on: for a countdown, the day it counts."""
    countdown = loaded.campaign.schedule.countdown
    if countdown:
        return countdown.to - timedelta(days=moment if moment is not None else max(countdown.days))
    return core.clock.now().astimezone(VIETNAM).date()


MEDIA = {"photo": "ảnh", "video": "phim", "audio": "tiếng", "document": "tài liệu"}


def _show_message(message: Message) -> None:
    for media in message.media:
        click.echo(f"[{MEDIA[media.kind]}: {Path(media.path).name}]")
    if message.text:
        click.echo(message.text)
    for row in message.buttons:
        click.echo("   " + "  ".join(f"[ {button.text} ]" + (f" → {button.url}" if button.url else "") for button in row))
    click.echo()


@campaign.command(help="Tính thử: ai nhận, lúc nào, mất bao lâu. Theo người đăng ký hôm nay; không gửi gì.")
@name
@click.option("--count", default=5, show_default=True, help="Xem trước mấy lần gửi.")
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
            click.echo(f"Gửi nhanh có trả phí: còn được {number(left)} tin, nhiều nhất {_stars(left)}.")
        for reason in lint(loaded, core.library(), now, core.settings.telegram_paid_budget):
            click.secho(f"✗ {reason}", fg="red")
        await _advise(core, campaign)

    _run(work)


async def _advise(core: Core, campaign: str) -> None:
    for hint in await core.campaigns.advice(campaign):
        click.secho(f"! {hint}", fg="yellow")


def _simulated(core: Core, loaded: Loaded, slot: Slot, reach: dict[str, int], paid: int) -> str:
    finish = slot.at
    for channel, count in reach.items():
        rate = RATES[channel](core.settings) if channel in RATES else 1000.0
        pieces = (
            count * max(len(fit(message, LIMITS[channel])) for _, _, message in _messages(core, loaded, channel))
            if channel in LIMITS
            else count
        )
        seconds = seconds_for(pieces, rate, paid) if channel == PAYS else pieces / rate
        finish = max(finish, ends(slot.at, seconds, loaded.campaign.schedule.quiet))
    parts = ", ".join(f"{words.CHANNELS[channel]} {number(count)}" for channel, count in reach.items()) or "không có ai"
    warning = f"  ✗ quá giờ hữu ích {day(slot.until)}" if finish > slot.until else ""
    return f"{words.when(slot, core.library())}: {number(sum(reach.values()))} người ({parts}), xong lúc {day(finish)}{warning}"


# --- trying out


@campaign.command("test", help="Gửi thử ngay cho cán bộ. Mọi bản tin, tới các nơi ghi trong LOA_STAFF_CHATS.")
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
            messages = [message for _, _, message in _messages(core, loaded, TelegramChannel.name)]
            for to in reachable:
                for message in messages:
                    await _try(channel, to, message)
        click.echo(
            f"Đã gửi thử {len(messages)} bản tin tới {len(reachable)} nơi. Bà con chưa ai nhận được gì; nút trong tin thử bấm không ghi lại."
        )

    _run(work)


async def _try(channel: TelegramChannel, to: Address, message: Message) -> None:
    for piece in fit(message, channel.limits):
        for wait_again in (True, False):
            try:
                await channel.send(to, piece)
                break
            except Throttled as error:
                if not wait_again:
                    raise NotAllowed("gửi thử không được: Telegram vẫn bảo chờ. Thử lại sau ít phút") from None
                click.echo(f"Telegram bảo chờ {error.retry_after:.0f} giây; chờ rồi gửi tiếp …", err=True)
                await asyncio.sleep(error.retry_after)
            except DeliveryError as error:
                raise NotAllowed(f"gửi thử không được: {policy.WORDS.get(error.kind, error.kind)} ({error})") from None
        await asyncio.sleep(1.05)  # one message a second to one chat


# --- life


def _step(action: str, text: str, done: str, why: bool = False) -> None:
    @name
    @by
    @click.option("--why", default=None, metavar="LÝ DO", help="Vì sao, để ghi nhật ký.", hidden=not why)
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
            click.echo(done.format(id=campaign))
            if action in ("submit", "approve", "start"):
                await _advise(core, campaign)
            following = (await service.status(campaign)).next
            if action in ("start", "resume") and following:
                click.echo(f"Lần gửi tới: {day(following.at)}")

        _run(work)

    campaign.command(action, help=text)(command)


_step(
    "submit",
    "Trình duyệt. Sửa tệp sau đó thì phải trình lại.",
    'Đã gửi duyệt. Nhờ một người khác xem lại và duyệt:\n./loa campaign approve {id} --by "Họ tên"',
)
_step(
    "approve",
    "Duyệt đúng nội dung đã trình (người duyệt khác người soạn).",
    'Đã duyệt đúng nội dung hiện tại. Cho chạy:\n./loa campaign start {id} --by "Họ tên"',
)
_step("reject", "Trả lại cho người soạn.", "Đã trả lại cho người soạn.", why=True)
_step("start", "Cho chạy: từ lúc này đến lịch thì gửi.", "Đã lên lịch.")
_step(
    "pause",
    "Dừng NGAY; tin chưa tới lượt thì chờ.",
    'Đã tạm dừng: không tin nào rời máy nữa. Chạy tiếp:\n./loa campaign resume {id} --by "Họ tên"',
    why=True,
)
_step("resume", "Chạy tiếp sau khi tạm dừng.", "Gửi tiếp.")
_step("cancel", "Bỏ hẳn; tin chưa tới lượt thì không gửi.", "Đã hủy. Những người chưa tới lượt sẽ không nhận được.", why=True)


@campaign.command(help="Tới đâu rồi: đã tới, còn chờ, lỗi gì.")
@name
@click.option("--watch", is_flag=True, help="Xem liên tục tới khi xong: tốc độ, còn bao lâu; Ctrl-C để thôi.")
def status(campaign: str, watch: bool) -> None:
    async def work(core: Core) -> None:
        current = await core.campaigns.status(campaign)
        if watch and sys.stdout.isatty():
            current = await _watch(core, campaign, current)
        click.echo(f"{current.title}: {_state(current)}" + (f" – {current.why}" if current.why else ""))
        if current.next:
            click.echo(f"Lần gửi tới: {day(current.next.at)}")
        for line in words.occurrences(current, core.library()):
            click.echo(f"• {line}")
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
        looks = deque([(time.monotonic(), _ended(current))], maxlen=LOOKS)
        while current.state in ("scheduled", "running", "paused"):
            await asyncio.sleep(LOOK_EVERY)
            current = await core.campaigns.status(campaign)
            ended, now, total = _ended(current), time.monotonic(), _sum(current)
            rate = (ended - looks[0][1]) / (now - looks[0][0])
            looks.append((now, ended))
            left = f", còn {timedelta(seconds=round((total - ended) / rate))}" if rate > 0 else ""
            progress.update(bar, total=total or None, completed=ended, rate=f"{rate:.1f} tin/giây{left}")
            if not any(item.state in ("due", "filling", "sending") for item in current.occurrences):
                break
    return current


def _paid(core: Core, messages: int) -> str:
    return f"Gửi nhanh có trả phí: {number(messages)} trên {number(core.settings.telegram_paid_budget)} tin, nhiều nhất {_stars(messages)}."


def _stars(messages: int) -> str:
    return f"{messages * STAR:,.1f} Sao Telegram".translate(str.maketrans(",.", ".,"))


def _ended(status: Status) -> int:
    return sum(_sum(status, state) for state in deliveries.FINAL)


def _sum(status: Status, state: str | None = None) -> int:
    return sum(sum(counts.values()) if state is None else counts.get(state, 0) for counts in status.counts.values())


def _state(status: Status) -> str:
    return IN_WORDS[status.state]


# --- what came of it


@campaign.command(help="Báo cáo kết quả. Đã tới, đã bấm, hỏi lại, dừng nhận; theo kênh, theo bản, theo nơi ở.")
@name
@click.option(
    "--csv",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Ghi thêm từng dòng ra tệp mở bằng Excel: ai tới, ai không, vì sao (không có mã cuộc trò chuyện).",
)
def report(campaign: str, path: Path | None) -> None:
    async def work(core: Core) -> None:
        found = await core.campaigns.report(campaign)
        _show_report(core, found)
        if path:
            count = await _export(core, found, path)
            click.echo(f"Đã ghi {number(count)} dòng vào {path}.")

    _run(work)


def _show_report(core: Core, found: Report) -> None:
    click.echo(f"Đối tượng {number(found.audience)}, đã tới {number(found.total('sent'))}. Từng phần cộng lại đúng bằng đối tượng:")
    for line in policy.in_words(found.kinds):
        click.echo(f"  {line}")
    if found.paid:
        click.echo(_paid(core, found.paid))
    click.echo(f"Trong 24 giờ sau tin: {number(found.asked)} người hỏi Loa, {number(found.opted_out)} người dừng nhận tin.")
    for button, action, count, right in found.pressed:
        click.echo(f"Bấm “{button}”: {number(count)}" + (f" ({number(right)} đúng)" if action == "quiz" else ""))
    titles = {"channel": "Kênh", "variant": "Bản", "place": "Nơi ở"}
    for key, rows in found.breakdown.items():
        if len(rows) > 1 or key == "channel":
            table = Table(
                titles[key], *(Column(title, justify="right") for title in ("Đối tượng", "Đã tới", "Đã bấm")), box=None, pad_edge=False
            )
            for value, audience, sent, pressed in rows[:30]:
                table.add_row(_called(core, key, value), number(audience), number(sent), words.share(pressed, sent))
            click.echo()
            console.print(table)


def _called(core: Core, key: str, value: str | None) -> str:
    places = core.library().places
    if key == "channel" and value:
        return words.CHANNELS[value]
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
                where = _called(core, "place", place) if place else ""
                sent = day(at) if at else ""
                out.writerow([row, key, words.CHANNELS[channel], where, policy.STATES[state], reason, variant or "", sent])
            count += len(rows)
            if not rows:
                return count
            after = rows[-1][0]


@campaign.command(help="Gửi lại cho người bị lỗi. Thêm --unknown thì cả tin chưa rõ tới hay chưa: có người sẽ nhận hai lần.")
@name
@by
@click.option("--unknown", is_flag=True, help="Cả những tin chưa rõ.")
def resend(campaign: str, actor: str, unknown: bool) -> None:
    states = ("failed", "unknown") if unknown else ("failed",)
    count = _run(lambda core: core.campaigns.resend(campaign, actor, states))
    if count:
        click.echo(f"Đã xếp hàng lại {number(count)} tin.")
    else:
        click.echo("Không có tin nào gửi lại được: không có tin lỗi, hoặc đã quá giờ hữu ích (useful_for).")


# --- figures


@campaign.command(
    "figures", help="Nhập số liệu theo nơi ở. Từ tệp CSV (place,name,value), để chọn đối tượng; không có TỆP thì xem đã nhập gì."
)
@click.argument("file", required=False, metavar="[TỆP]", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def figures_(file: Path | None) -> None:
    async def work(core: Core) -> None:
        if file:
            values = await asyncio.to_thread(read_figures, file, core.library().places)
            async with core.database.write() as connection:
                for indicator, by_place in values.items():
                    await indicators.put(connection, indicator, by_place, core.clock.now())
        async with core.database.read() as connection:
            for indicator, (count, at) in (await indicators.names(connection)).items():
                click.echo(f"{indicator}: {count} nơi, nhập lúc {day(at)}")

    _run(work)
