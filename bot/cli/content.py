"""`loa content check | review`: what staff run before they hand in an edit."""

import sys

import click

from bot.content.library import load
from bot.errors import ContentError
from bot.settings import load as load_settings


@click.group(help="Check what staff wrote in content/.")
def content() -> None:
    pass


@content.command(help="Report every mistake with file:line:column; exit 1 if there is one.")
def check() -> None:
    try:
        library = load(load_settings().content_dir)
    except ContentError as error:
        click.echo(str(error))
        count = sum(not problem.warning for problem in error.problems)
        click.echo(f"\nCó {count} lỗi. Bản nội dung cũ vẫn đang chạy; sửa xong, chạy lại lệnh này.")
        sys.exit(1)
    for problem in library.warnings:
        click.echo(str(problem))
    answers = sum(len(topic.answers) for topic in library.topics.values())
    examples = sum(len(topic.examples) for topic in library.topics.values())
    click.echo(f"Nội dung đúng: {len(library.topics)} câu hỏi, {answers} câu trả lời theo giai đoạn, {examples} câu mẫu.")


@content.command(help="List the answers that a content owner must check: not certain, or with a note for review.")
@click.option("--all", "everything", is_flag=True, help="Also answers whose period is over.")
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
