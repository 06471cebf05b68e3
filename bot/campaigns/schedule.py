"""When a campaign is due: arithmetic over a schedule, the holidays and, for `changed`, the seams of the topics' periods.

A `Slot` is one moment at which a campaign goes out. Its `key` is the same however often and wherever it is computed, and the
database takes each (campaign, key) once: that, not the clock that ticks, is what keeps a slot from being skipped or repeated.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from apscheduler.triggers.cron import CronTrigger

from bot.campaigns.model import Campaign, Quiet, Schedule
from bot.clock import VIETNAM

DAY = timedelta(days=1)
LONGEST_HOLIDAY = timedelta(days=14)
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Slot:
    """`at`: when it is due. `until`: the last moment at which it is still useful. `moment`: countdown day or sequence step.

    `since`/`before`: for slots that follow residents' own days, those whose day lies in [since, before). `topic`: the topic that
    changed or was asked.
    """

    key: str
    at: datetime
    until: datetime
    moment: int | None = None
    since: datetime | None = None
    before: datetime | None = None
    topic: str | None = None


# (topic, day a new period comes into force), from the content.
Seams = Iterable[tuple[str, date]]


def slots(campaign: Campaign, after: datetime, until: datetime, seams: Seams = ()) -> list[Slot]:
    """The slots due in (after, until], in order. A slot moved off a holiday is due on the day it was moved to."""
    # A slot may have been moved forward by a run of holidays (Tết), so those planned somewhat earlier are looked at too.
    moves = _holiday_rule(campaign.schedule) == "next_day"
    planned = _planned(campaign.schedule, after - LONGEST_HOLIDAY if moves else after, until, seams)
    found = [moved for slot in planned if (moved := _off_holidays(slot, campaign.schedule))]
    # A cron slot moved onto the day of another one says the same thing twice: the later of the two stands.
    single = {(slot.at, slot.moment, slot.topic): slot for slot in found}
    ends = [_bounded(slot, campaign) for slot in single.values()]
    return sorted((slot for slot in ends if after < slot.at <= until and slot.at < slot.until), key=lambda slot: (slot.at, slot.key))


def upcoming(campaign: Campaign, after: datetime, count: int, seams: Seams = ()) -> list[Slot]:
    """The next `count` slots, looking at most two years ahead."""
    found: list[Slot] = []
    seams = tuple(seams)
    start, look = after, DAY
    while len(found) < count and start < after + timedelta(days=732):
        found += slots(campaign, start, start + look, seams)
        start += look
        look = min(look * 2, timedelta(days=61))  # a dense schedule is not counted out for months
    return found[:count]


def quiet_at(quiet: Quiet | None, moment: datetime) -> bool:
    return quiet is not None and quiet.covers(moment.astimezone(VIETNAM).time())


def _planned(schedule: Schedule, after: datetime, until: datetime, seams: Seams) -> Iterator[Slot]:
    match schedule.kind:
        case "at":
            assert schedule.at
            yield _slot(f"{schedule.at:%Y-%m-%dT%H:%M}", schedule.at)
        case "cron":
            assert schedule.cron
            for moment in _cron(schedule, after, until):
                yield _slot(f"{moment:%Y-%m-%dT%H:%M}", moment)
        case "every":
            assert schedule.every
            for day in _days(schedule, after, until):
                if (day - (schedule.start or day)).days % schedule.every.days == 0:
                    yield _slot(f"{day}", _at(day, schedule.every.at))
        case "countdown":
            assert schedule.countdown
            for before in schedule.countdown.days:
                day = schedule.countdown.to - timedelta(days=before)
                yield _slot(f"{_t(before)}@{day}", _at(day, schedule.countdown.at), moment=before)
        case "sequence":
            assert schedule.sequence
            for day in _days(schedule, after, until):
                for step in schedule.sequence.days:
                    moment = _at(day, schedule.sequence.at)
                    edge = moment - timedelta(days=step)
                    yield _slot(f"{day}+{step}", moment, moment=step, since=edge - DAY, before=edge)
        case "asked":
            assert schedule.asked
            for day in _days(schedule, after, until):
                moment = _at(day, schedule.asked.at)
                edge = moment - timedelta(days=schedule.asked.after)
                yield _slot(f"{day}", moment, since=edge - DAY, before=edge)
        case "changed":
            assert schedule.changed
            for topic, day in seams:
                if topic in schedule.changed.topics and _within(schedule, day):
                    moment = _at(day, schedule.changed.at)
                    yield _slot(f"{topic}@{day}", moment, before=_at(day, time(0)), topic=topic)


def _t(before: int) -> str:
    """`T-30`, `T0`, `T+1`."""
    return f"T{-before:+d}" if before else "T0"


def _slot(key: str, at: datetime, **more: object) -> Slot:
    return Slot(key, at, at, **more)  # type: ignore[arg-type]


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, VIETNAM)


def _within(schedule: Schedule, day: date) -> bool:
    return (schedule.start is None or schedule.start <= day) and (schedule.until is None or day <= schedule.until)


def _days(schedule: Schedule, after: datetime, until: datetime) -> Iterator[date]:
    day = max(after.astimezone(VIETNAM).date(), schedule.start or date.min)
    last = min(until.astimezone(VIETNAM).date(), schedule.until or date.max)
    while day <= last:
        yield day
        day += DAY


def _cron(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    trigger = cron_trigger(schedule.cron or "")
    previous: datetime | None = None
    moment = after.astimezone(VIETNAM)
    while (found := trigger.get_next_fire_time(previous, moment)) and found <= until:
        if _within(schedule, found.date()):
            yield found
        elif schedule.until and found.date() > schedule.until:
            return
        previous, moment = found, found


def cron_trigger(text: str) -> CronTrigger:
    """Five fields as in crontab(5): Sunday is 0 or 7. Raises ValueError."""
    fields = text.split()
    if len(fields) != 5:
        raise ValueError("cron cần năm phần: phút giờ ngày tháng thứ")
    # APScheduler counts weekdays from Monday = 0, cron from Sunday = 0: names mean the same to both.
    if re.search(r"/", fields[4]):
        weekday = fields[4]
    else:
        weekday = re.sub(r"\d", lambda found: _WEEKDAYS[int(found[0])] if int(found[0]) < 8 else "?", fields[4])
    minute, hour, day, month = fields[:4]
    return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=VIETNAM)


def _off_holidays(slot: Slot, schedule: Schedule) -> Slot | None:
    """The slot, moved off a public holiday if the schedule says so; None if it is left out."""
    rule = _holiday_rule(schedule)
    at = slot.at
    if rule == "send" or holiday(at.date()) is None:
        return slot
    if rule == "skip":
        return None
    while holiday(at.date()) is not None:
        at += DAY
    return Slot(slot.key, at, at, slot.moment, slot.since, slot.before, slot.topic)


def _holiday_rule(schedule: Schedule) -> str:
    """Staff who name a day mean that day; what recurs by itself waits until the holiday is over."""
    return schedule.holidays or ("send" if schedule.kind in ("at", "countdown") else "next_day")


def _bounded(slot: Slot, campaign: Campaign) -> Slot:
    until = slot.at + timedelta(hours=campaign.schedule.useful_for)
    if campaign.expires:
        until = min(until, campaign.expires)
    return Slot(slot.key, slot.at, until, slot.moment, slot.since, slot.before, slot.topic)


def holiday(day: date) -> str | None:
    """The name of the public holiday (Tết and its days off among them), in Vietnamese, or None."""
    return _holidays(day.year).get(day)


@lru_cache(maxsize=16)
def _holidays(year: int) -> dict[date, str]:
    import holidays  # takes half a second to import: only when a schedule is looked at

    return {day: str(name) for day, name in holidays.country_holidays("VN", years=year, language="vi").items()}


def coalesce(due: list[Slot], now: datetime) -> tuple[list[Slot], list[Slot]]:
    """(to send, missed). Of the slots that came due together after an outage, only the newest of a kind still useful is sent.

    Slots that follow residents' own days, or different topics, reach different people: none stands for another.
    """
    late = [slot for slot in due if slot.until <= now]
    useful = [slot for slot in due if slot.until > now]
    personal = [slot for slot in useful if slot.since is not None or slot.topic is not None]
    shared = [slot for slot in useful if slot not in personal]
    return sorted([*personal, *shared[-1:]], key=lambda slot: slot.at), [*late, *shared[:-1]]


def overlaps_quiet(campaign: Campaign, found: Iterable[Slot]) -> Slot | None:
    """A slot that falls into the campaign's own quiet hours: a mistake of its author."""
    return next((slot for slot in found if quiet_at(campaign.schedule.quiet, slot.at)), None)


def ends(start: datetime, seconds: float, quiet: Quiet | None) -> datetime:
    """When a send of so many seconds is over that begins at `start` and rests in quiet hours."""
    moment, left = start, timedelta(seconds=seconds)
    while quiet and left > timedelta():
        if quiet_at(quiet, moment):
            moment = _next(moment, quiet.until)
            continue
        pause = _next(moment, quiet.start)
        if moment + left <= pause:
            break
        left -= pause - moment
        moment = pause
    return moment + left


def _next(after: datetime, clock: time) -> datetime:
    """The next time it is `clock` o'clock."""
    local = after.astimezone(VIETNAM)
    moment = _at(local.date(), clock)
    return moment if moment > local else moment + DAY
