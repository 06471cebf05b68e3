"""`loa subscribers …`: bring in those who agreed elsewhere, count, export."""

import csv
import os
from functools import partial
from itertools import batched
from pathlib import Path
from typing import TextIO

import click

from bot.bootstrap import Core
from bot.cli.campaign import _run
from bot.cli.words import number
from bot.services.imports import read_enrolments
from bot.store import subscribers as store

BATCH = 1000  # rows a transaction


@click.group(
    short_help="Residents who agreed to campaign messages.", help="Những người đã đồng ý nhận tin: nhập danh sách, đếm, ghi ra tệp."
)
def subscribers() -> None:
    pass


@subscribers.command(
    "import",
    help="Nhập danh sách từ tệp CSV. Các cột: channel,chat,place,consent_version,consent_at; đọc cả opted_out_at,unreachable,name (tên gọi "
    "trong tin, nếu người ấy có ghi khi đồng ý) như tệp do export ghi ra. Ai đã có thì giữ nguyên, chỉ lời DỪNG là luôn được tính. Nhập lại lần nữa không đổi gì.",
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
        said = f", riêng {number(stopped)} người trong số đó đã nhắn DỪNG nên thôi gửi" if stopped else ""
        click.echo(f"Đọc {number(total)} dòng, thêm mới {number(added)}; {number(total - added)} người đã có, giữ nguyên{said}.")

    _run(work)


@subscribers.command(help="Bao nhiêu người, theo kênh: đang nhận tin, gửi tới được.")
@click.option("--places", is_flag=True, help="Thêm theo nơi ở.")
def count(places: bool) -> None:
    async def work(core: Core) -> None:
        async with core.database.read() as connection:
            rows = await store.tally(connection)
            by_place = await store.by_place(connection) if places else []
        for channel, everybody, in_force, reachable in rows:
            click.echo(f"{channel}: {number(everybody)} người, {number(in_force)} đang nhận tin, {number(reachable)} gửi tới được")
        if not rows:
            click.echo("Chưa có ai đăng ký nhận tin.")
        known = core.library().places
        for place, living in by_place:
            click.echo(f"  {known[place].name if place and place in known else '(chưa chọn nơi ở)'}: {number(living)}")

    _run(work)


def _private(path: Path) -> TextIO:
    """A new file is not readable for other accounts of this machine: it names residents' chats."""
    return open(path, "w", newline="", encoding="utf-8-sig", opener=partial(os.open, mode=0o600))


@subscribers.command(help="Ghi mọi người đăng ký và sự đồng ý của họ ra tệp CSV. Tệp có mã cuộc trò chuyện: giữ cẩn thận như sổ gốc.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    async def work(core: Core) -> None:
        count, after = 0, 0
        with _private(file) as out:
            writer = csv.writer(out)
            writer.writerow(["channel", "chat", "place", "consent_version", "consent_at", "opted_out_at", "unreachable", "name"])
            while True:
                async with core.database.read() as connection:
                    rows = await store.page(connection, after)
                if not rows:
                    break
                after = rows[-1][0]
                count += len(rows)
                for _, *values in rows:
                    writer.writerow([value.isoformat() if hasattr(value, "isoformat") else value or "" for value in values])
        click.echo(f"Đã ghi {number(count)} người vào {file}. Tệp có mã cuộc trò chuyện, bà con tin mình mới đưa: giữ cẩn thận.")

    _run(work)
