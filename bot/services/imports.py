"""CSV files that staff bring: figures by locality, and subscribers with the proof of their consent. All or nothing, with line numbers."""

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.clock import VIETNAM, parse_as_of
from bot.content.places import Places
from bot.errors import ContentError, Problem

SHOWN = 20  # mistakes listed before "and so on": a file in the wrong format has one a line


def read_figures(path: Path, places: Places) -> dict[str, dict[str, float]]:
    """`place,name,value` → values by locality by name. Raises ContentError with every bad line."""
    found: dict[str, dict[str, float]] = {}
    problems: list[Problem] = []
    for line, row in _rows(path, ("place", "name", "value"), problems):
        place = row["place"]
        try:
            value = float(row["value"].replace(",", ".").rstrip("%"))
            if not math.isfinite(value):  # "nan" reads as a number
                raise ValueError
        except ValueError:
            problems.append(Problem(path.name, line, 1, f'"{row["value"]}" không phải là số'))
            continue
        if place not in places:
            problems.append(Problem(path.name, line, 1, f'không có nơi nào mã "{place}" (dạng unit:vinh-phu, district:dien-chau)'))
        elif not row["name"].replace("_", "").isalnum() or not row["name"].isascii():
            problems.append(Problem(path.name, line, 1, f'tên chỉ số "{row["name"]}" chỉ gồm chữ không dấu, số và _'))
        else:
            found.setdefault(row["name"], {})[place] = value
    _raise(problems)
    return found


@dataclass(frozen=True)
class Enrolment:
    """One line of a subscriber import: who, where, which consent was given when, and whether it was ended or the platform lost them.

    name: how they want to be addressed, if they wrote that down with their consent.
    """

    channel: str
    chat: str
    place: str | None
    consent_version: str
    consent_at: datetime
    opted_out_at: datetime | None = None
    unreachable: str | None = None
    name: str | None = None


CHANNELS = ("telegram", "web", "terminal")  # those that exist: nobody is enrolled where nothing could be sent
NEEDED = ("channel", "chat", "place", "consent_version", "consent_at")


def read_enrolments(path: Path, places: Places, now: datetime) -> Iterator[Enrolment]:
    """`channel,chat,place,consent_version,consent_at`, and if they are there `opted_out_at`, `unreachable` and `name`, as an export writes them.

    Line by line. Raises ContentError at the first bad line: nothing is guessed. A line without consent is refused, and with it the
    file: whoever made the list must look at it again.
    """
    problems: list[Problem] = []
    for line, row in _rows(path, NEEDED, problems, ("opted_out_at", "unreachable", "name")):
        enrolment = _enrolment(path, line, row, places, now, problems)
        _raise(problems)
        if enrolment:
            yield enrolment
    _raise(problems)


def _enrolment(path: Path, line: int, row: dict[str, str], places: Places, now: datetime, problems: list[Problem]) -> Enrolment | None:
    def bad(message: str) -> None:
        problems.append(Problem(path.name, line, 1, message))

    at, stopped = _moment(row["consent_at"]), _moment(row["opted_out_at"])
    if not row["consent_version"] or not row["consent_at"]:
        bad("không có sự đồng ý (consent_version, consent_at): không được nhập người này")
    elif at is None:
        bad(f'consent_at "{row["consent_at"]}" phải là ngày giờ dạng 2026-11-07T08:30')
    elif row["opted_out_at"] and stopped is None:
        bad(f'opted_out_at "{row["opted_out_at"]}" phải là ngày giờ dạng 2026-11-07T08:30, hoặc để trống nếu chưa nhắn DỪNG')
    elif at > now or (stopped and stopped > now):
        bad("consent_at hoặc opted_out_at nằm trong tương lai")
    elif row["channel"] not in CHANNELS:
        bad(f'kênh "{row["channel"]}" chỉ được là: {", ".join(CHANNELS)}')
    elif not row["chat"] or len(row["chat"]) > 64:
        bad("thiếu chat (mã cuộc trò chuyện)")
    elif row["channel"] == "telegram" and not re.fullmatch(r"-?[0-9]{1,19}", row["chat"]):
        bad(f'mã cuộc trò chuyện Telegram "{row["chat"][:20]}" phải là số')
    elif row["place"] and row["place"] not in places:
        bad(f'không có nơi nào mã "{row["place"]}"')
    elif len(row["consent_version"]) > 40 or len(row["unreachable"]) > 20:
        bad("consent_version dài hơn 40 hoặc unreachable dài hơn 20 ký tự")
    elif len(row["name"]) > 80:
        bad("tên dài hơn 80 ký tự")
    else:
        return Enrolment(
            row["channel"],
            row["chat"],
            row["place"] or None,
            row["consent_version"],
            at,
            stopped,
            row["unreachable"] or None,
            row["name"] or None,
        )
    return None


def _moment(text: str) -> datetime | None:
    try:
        return parse_as_of(text).astimezone(VIETNAM)
    except ValueError:
        return None


def _rows(
    path: Path, columns: tuple[str, ...], problems: list[Problem], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, stripped values by column); an optional column that is not there is empty."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if missing := [column for column in columns if column not in (reader.fieldnames or ())]:
            problems.append(Problem(path.name, 1, 1, f"thiếu cột {', '.join(missing)}. Dòng đầu phải là: {','.join(columns)}"))
            return
        for row in reader:
            yield reader.line_num, {column: (row.get(column) or "").strip() for column in (*columns, *optional)}


def _raise(problems: list[Problem]) -> None:
    if problems:
        raise ContentError(problems[:SHOWN])
