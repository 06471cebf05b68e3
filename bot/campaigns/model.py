"""The shape of `content/campaigns/*.yml`: when, to whom, what. See docs/reference/campaigns.md.

Messages of validation errors are made Vietnamese in `bot/content/explain.py`.
"""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from bot.clock import VIETNAM
from bot.content.explain import Misplaced
from bot.content.model import Line, Strict, TopicId
from bot.messages import Limits

CampaignId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
VariantId = Annotated[str, StringConstraints(pattern=r"^[A-H]$")]
PlaceId = Annotated[str, StringConstraints(pattern=r"^(district|commune|unit):[a-z0-9/-]+$")]
Holidays = Literal["send", "skip", "next_day"]
CHANNELS = ("telegram", "zalo", "web", "terminal")
ChannelName = Literal["telegram", "zalo", "web", "terminal"]


def _clock_time(value: Any) -> Any:
    # YAML 1.1 reads 18:30 as the number 1110 (base 60), but 08:00 as text; pydantic would take 25:00 for 1500 seconds.
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return time(value // 60, value % 60) if 0 <= value < 1440 else f"{value // 60}:{value % 60:02}"


def _in_vietnam(value: datetime) -> datetime:
    return value.replace(tzinfo=VIETNAM) if value.tzinfo is None else value.astimezone(VIETNAM)


TimeOfDay = Annotated[time, BeforeValidator(_clock_time)]
Moment = Annotated[datetime, AfterValidator(_in_vietnam)]


class Quiet(Strict):
    """No message leaves from `start` (inclusive) to `until` (exclusive); the window may span midnight."""

    start: TimeOfDay = Field(time(21), alias="from")
    until: TimeOfDay = time(7)

    def covers(self, moment: time) -> bool:
        if self.start <= self.until:
            return self.start <= moment < self.until
        return moment >= self.start or moment < self.until


class Every(Strict):
    """Every `days` days from the schedule's `from`."""

    days: int = Field(ge=1, le=366)
    at: TimeOfDay


class Countdown(Strict):
    """`days` before `to`: 30 is T-30, 0 the day itself, -1 the day after."""

    to: date
    days: tuple[Annotated[int, Field(ge=-365, le=365)], ...] = Field(min_length=1)
    at: TimeOfDay


class Sequence(Strict):
    """Days after each resident's own subscription; day 0 is the first `at` after it."""

    days: tuple[Annotated[int, Field(ge=0, le=365)], ...] = Field(min_length=1)
    at: TimeOfDay


class Asked(Strict):
    """`after` days after a resident asked one of `topics`, unless they went on to ask one of `done`."""

    topics: tuple[TopicId, ...] = Field(min_length=1)
    done: tuple[TopicId, ...] = ()
    after: int = Field(1, ge=0, le=60)
    at: TimeOfDay


class Changed(Strict):
    """The day a new period of one of `topics` comes into force: to those who had asked it before."""

    topics: tuple[TopicId, ...] = Field(min_length=1)
    at: TimeOfDay


class Schedule(Strict):
    """Exactly one of at, cron, every, countdown, sequence, asked, changed.

    `start`/`until` bound the recurring ones, both inclusive. `useful_for`: hours after its moment in which a message still makes
    sense; what could not be sent by then is reported as expired. `holidays` says what happens on a public holiday.
    """

    at: Moment | None = None
    cron: Line | None = None
    every: Every | None = None
    countdown: Countdown | None = None
    sequence: Sequence | None = None
    asked: Asked | None = None
    changed: Changed | None = None
    start: date | None = Field(None, alias="from")
    until: date | None = None
    useful_for: int = Field(24, ge=1, le=24 * 30)
    quiet: Quiet | None = Quiet()  # type: ignore[call-arg]
    holidays: Holidays | None = None

    @property
    def kind(self) -> str:
        return next(name for name in KINDS if getattr(self, name) is not None)

    @property
    def moments(self) -> tuple[int, ...]:
        """The days of a countdown or sequence."""
        days = self.countdown or self.sequence
        return days.days if days else ()

    @model_validator(mode="after")
    def _one_kind(self) -> "Schedule":
        if sum(getattr(self, name) is not None for name in KINDS) != 1:
            raise ValueError(f"schedule cần đúng một trong: {', '.join(KINDS)}")
        if self.start and self.until and self.start > self.until:
            raise Misplaced(("from",), '"from" muộn hơn "until"')
        if self.every and self.start is None:
            raise Misplaced(("every",), 'lịch "every" cần "from": ngày gửi đầu tiên')
        return self


KINDS = ("at", "cron", "every", "countdown", "sequence", "asked", "changed")


class Cap(Strict):
    """At most `messages` campaign messages to one resident in `days` days, all campaigns together.

    The default is what residents were promised when they agreed (`consent` in content/talk.yml); a campaign may only be stricter.
    """

    messages: int = Field(default=2, ge=1, le=2)
    days: int = Field(default=7, ge=7, le=90)


class Pressed(Strict):
    """Residents who pressed a button of another campaign; `button` is the text on it, any button if left out."""

    campaign: CampaignId
    button: Line | None = None


class Indicator(Strict):
    """Residents of localities whose figure `name` is below and/or above a bound; the lowest figures are reached first."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
    below: float | None = None
    above: float | None = None

    @model_validator(mode="after")
    def _some_bound(self) -> "Indicator":
        if self.below is None and self.above is None:
            raise ValueError('indicator cần "below" hoặc "above"')
        return self


class Audience(Strict):
    """Whom, among residents with consent in force. Every part that is given must hold; an empty audience is everybody."""

    places: tuple[PlaceId, ...] = ()
    channels: tuple[ChannelName, ...] = ()
    languages: tuple[Line, ...] = ()
    joined_since: date | None = None
    asked: tuple[TopicId, ...] = ()
    not_asked: tuple[TopicId, ...] = ()
    pressed: Pressed | None = None
    not_pressed: Pressed | None = None
    indicator: Indicator | None = None
    percent: int = Field(default=100, ge=1, le=100)
    cap: Cap = Field(default_factory=lambda: Cap.model_validate({}))


class Action(Strict):
    """A button: exactly one of topic, url, do, share."""

    text: Annotated[Line, StringConstraints(max_length=30)]
    topic: TopicId | None = None
    url: Annotated[Line, StringConstraints(pattern=r"^https://")] | None = None
    do: Literal["subscribe", "mydata", "checklist", "where", "scam", "help", "handoff", "menu"] | None = None
    share: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Action":
        if sum(value is not None for value in (self.topic, self.url, self.do, self.share)) != 1:
            raise ValueError("nút cần đúng một trong: topic, url, do, share")
        return self


class Quiz(Strict):
    """Buttons of its own, so that it works the same on every channel. Without `correct` it is a poll about facts."""

    question: Annotated[Line, StringConstraints(max_length=300)]
    options: tuple[Annotated[Line, StringConstraints(max_length=60)], ...] = Field(min_length=2, max_length=8)
    correct: int | None = Field(None, ge=1)
    explanation: Annotated[Line, StringConstraints(max_length=300)] | None = None

    @model_validator(mode="after")
    def _correct_exists(self) -> "Quiz":
        if self.correct is not None and self.correct > len(self.options):
            raise Misplaced(("correct",), f'"correct" là {self.correct} nhưng chỉ có {len(self.options)} lựa chọn (đếm từ 1)')
        if self.correct is not None and self.explanation is None:
            raise ValueError('câu đố có "correct" thì phải có "explanation" để bà con hiểu vì sao')
        return self


class Part(Strict):
    """What a message says; in an override, only what differs."""

    text: Line | None = None
    photo: Line | None = None
    video: Line | None = None
    audio: Line | None = None
    document: Line | None = None
    album: tuple[Line, ...] | None = Field(None, min_length=2, max_length=10)
    buttons: tuple[Action, ...] | None = Field(None, max_length=6)
    quiz: Quiz | None = None

    @model_validator(mode="after")
    def _one_medium(self) -> "Part":
        if sum(getattr(self, name) is not None for name in MEDIA) > 1:
            raise ValueError(f"mỗi tin chỉ có một trong: {', '.join(MEDIA)}")
        return self

    def files(self) -> tuple[tuple[str, str], ...]:
        """(kind, file name) of each medium."""
        if self.album:
            return tuple(("photo", name) for name in self.album)
        return next((((kind, getattr(self, kind)),) for kind in MEDIA if getattr(self, kind)), ())

    def over(self, other: "Part") -> "Part":
        """`other` with what this one says on top; a medium of this one replaces any medium of the other."""
        given = {
            name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None and name in Part.model_fields
        }
        kept = {name: getattr(other, name) for name in Part.model_fields}
        if any(name in given for name in MEDIA):
            kept |= dict.fromkeys(MEDIA)
        return Part(**{**kept, **given})


MEDIA = ("photo", "video", "audio", "document", "album")


class Variant(Part):
    """One of the texts of a comparison; `weight` is its share in percent."""

    weight: int = Field(ge=1, le=100)


class Campaign(Strict):
    """One file. `checked`: the day the author last compared the text with `facts`, the topics it quotes. `paid`: faster than what is free."""

    id: CampaignId
    title: Annotated[Line, StringConstraints(max_length=80)]
    author: Line
    sender: Annotated[Line, StringConstraints(max_length=80)]
    schedule: Schedule
    expires: Moment | None = None
    audience: Audience = Audience()
    paid: bool = False
    message: Part
    moments: dict[int, Part] = Field(default_factory=dict)
    variants: dict[VariantId, Variant] = Field(default_factory=dict)
    channels: dict[ChannelName, Part] = Field(default_factory=dict)
    facts: tuple[TopicId, ...] = ()
    checked: date | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Campaign":
        if self.message.text is None:
            raise Misplaced(("message",), 'message cần có "text"')
        if self.variants and sum(variant.weight for variant in self.variants.values()) != 100:
            raise Misplaced(("variants",), "tổng weight của các variants phải bằng 100")
        if self.facts and self.checked is None:
            raise Misplaced(("facts",), 'có "facts" thì phải có "checked": ngày soạn đã đối chiếu nội dung')
        if stray := sorted(set(self.moments) - set(self.schedule.moments)):
            raise Misplaced(("moments", stray[0]), f'"moments" có {stray[0]} nhưng lịch không có ngày đó')
        return self

    def part(self, moment: int | None, variant: str | None, channel: str) -> Part:
        """What this recipient's message says: the message, then the moment's, the variant's and the channel's own words on top."""
        result = self.message
        for over in (self.moments.get(moment) if moment is not None else None, self.variants.get(variant or ""), self._of(channel)):
            result = over.over(result) if over else result
        return result

    def _of(self, channel: str) -> Part | None:
        return next((part for name, part in self.channels.items() if name == channel), None)

    def every_part(self) -> list[tuple[int | None, str | None]]:
        """Every (moment, variant) that is sent, for checks and previews."""
        return [(moment, variant) for moment in self.schedule.moments or (None,) for variant in tuple(self.variants) or (None,)]


# What each channel can show, for checking a campaign where the channel itself is not running. Adapters state the same figures.
ChannelLimits = dict[str, Limits]
