"""`loa content check | review`: what staff run before they hand in an edit."""

import sys
from collections.abc import Sequence

import click

from bot.content.library import load
from bot.errors import ContentError, Problem
from bot.settings import load as load_settings


@click.group(short_help="Check what staff wrote in content/.", help="Kiểm tra những gì đã viết trong content/.")
def content() -> None:
    pass


@content.command(help="Liệt kê mọi lỗi, cả trong chiến dịch, với tệp:dòng:cột. Mã kết thúc 1 nếu có lỗi.")
def check() -> None:
    from bot.bootstrap import LIMITS
    from bot.campaigns.library import load as load_campaigns

    folder = load_settings().content_dir
    try:
        library = load(folder)
    except ContentError as error:
        _report(error.problems)
        click.echo("Các chiến dịch được kiểm tra khi phần này đã đúng.")
        sys.exit(1)
    campaigns, problems, _ = load_campaigns(library, folder / "campaigns", LIMITS)
    if _report([*library.warnings, *problems]):
        sys.exit(1)
    answers = sum(len(topic.answers) for topic in library.topics.values())
    examples = sum(len(topic.examples) for topic in library.topics.values())
    click.echo(
        f"Nội dung đúng: {len(library.topics)} câu hỏi, {answers} câu trả lời theo giai đoạn, {examples} câu mẫu, {len(campaigns)} chiến dịch."
    )


def _report(problems: Sequence[Problem]) -> int:
    """Show them; returns how many are mistakes."""
    for problem in problems:
        click.echo(str(problem))
    count = sum(not problem.warning for problem in problems)
    if count:
        click.echo(f"\nCó {count} lỗi. Bản nội dung cũ vẫn đang chạy; sửa xong, chạy lại lệnh này.")
    return count


@content.command(help="Các câu trả lời chưa chắc hoặc cần xem lại, để chủ nội dung đối chiếu.")
@click.option("--all", "everything", is_flag=True, help="Cả những câu đã hết giai đoạn.")
def review(everything: bool) -> None:
    from bot.clock import SystemClock, today

    library = load(load_settings().content_dir)
    day = today(SystemClock())
    marks = {"high": "chắc", "medium": "khá chắc", "low": "CHƯA CHẮC"}
    shown = 0
    for topic in library.topics.values():
        for answer in topic.answers:
            over = answer.until is not None and answer.until < day
            if (answer.certainty == "high" and not answer.review) or (over and not everything):
                continue
            shown += 1
            period = f"từ {answer.start or '…'} đến {answer.until or '…'}"
            click.echo(f"{topic.id}  ({period}) – {marks[answer.certainty]}")
            click.echo(f"    {answer.review or 'Đối chiếu lại với văn bản nguồn.'}")
    click.echo(f"\n{shown} câu trả lời cần chủ nội dung kiểm tra trước khi dùng thật.")
