"""`loa subscribers …`: bring in those who agreed elsewhere, count, export."""

import csv
from itertools import batched
from pathlib import Path

import click

from bot.bootstrap import Core
from bot.cli.campaign import _number, _run
from bot.services.imports import read_enrolments
from bot.store import subscribers as store

BATCH = 1000  # rows a transaction


@click.group(help="Residents who agreed to campaign messages.")
def subscribers() -> None:
    pass


@subscribers.command(
    "import",
    help="Read a CSV: channel,chat,place,consent_version,consent_at, and opted_out_at,unreachable as an export writes them. "
    "Who is known stays as they are, but for a stop, which counts. A repeated import changes nothing.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    async def work(core: Core) -> None:
        places, now = core.library().places, core.clock.now()
        total = sum(1 for _ in read_enrolments(file, places, now))  # every line is looked at before the first is written
        added = stopped = 0
        with click.progressbar(length=total, label="Đang nhập") as bar:
            for batch in batched(read_enrolments(file, places, now), BATCH):
                async with core.database.write() as connection:
                    new, ended = await store.enrol(connection, batch, now)
                added, stopped = added + new, stopped + ended
                bar.update(len(batch))
        said = f", riêng {_number(stopped)} người trong số đó đã nhắn DỪNG nên thôi gửi" if stopped else ""
        click.echo(f"Đọc {_number(total)} dòng, thêm mới {_number(added)}; {_number(total - added)} người đã có, giữ nguyên{said}.")

    _run(work)


@subscribers.command(help="How many, by channel, locality and whether they can be written to.")
@click.option("--places", is_flag=True, help="By locality.")
def count(places: bool) -> None:
    async def work(core: Core) -> None:
        async with core.database.read() as connection:
            rows = await store.tally(connection)
            by_place = await store.by_place(connection) if places else []
        for channel, everybody, in_force, reachable in rows:
            click.echo(f"{channel}: {_number(everybody)} người, {_number(in_force)} đang nhận tin, {_number(reachable)} gửi tới được")
        if not rows:
            click.echo("Chưa có ai đăng ký nhận tin.")
        known = core.library().places
        for place, number in by_place:
            click.echo(f"  {known[place].name if place and place in known else '(chưa chọn nơi ở)'}: {_number(number)}")

    _run(work)


@subscribers.command(help="Write every subscriber with their consent to a CSV. It holds chat ids: keep it as you would keep a register.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    async def work(core: Core) -> None:
        count, after = 0, 0
        with file.open("w", newline="", encoding="utf-8-sig") as out:
            writer = csv.writer(out)
            writer.writerow(["channel", "chat", "place", "consent_version", "consent_at", "opted_out_at", "unreachable"])
            while True:
                async with core.database.read() as connection:
                    rows = await store.page(connection, after)
                if not rows:
                    break
                after = rows[-1][0]
                count += len(rows)
                for _, *values in rows:
                    writer.writerow([value.isoformat() if hasattr(value, "isoformat") else value or "" for value in values])
        click.echo(f"Đã ghi {_number(count)} người vào {file}. Tệp có mã cuộc trò chuyện, bà con tin mình mới đưa: giữ cẩn thận.")

    _run(work)
