"""The shape of `content/faq/*.yml`, `sources.yml` and `talk.yml`. See docs/reference/content.md.

Messages of validation errors are made Vietnamese in `bot/content/explain.py`.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+/[a-z0-9_]+$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
PART_KEYS = ("child", "elderly", "away", "level_1", "level_2", "fee", "where", "duration", "papers", "how", "lost")
PartKey = Literal["child", "elderly", "away", "level_1", "level_2", "fee", "where", "duration", "papers", "how", "lost"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SourceDocument(Strict):
    """A legal document or official page. `in_force`/`until`: first and last day in force, None where unknown."""

    name: Line
    in_force: date | None = None
    until: date | None = None
    url: Line | None = None

    def in_force_on(self, day: date) -> bool:
        return (self.in_force is None or self.in_force <= day) and (self.until is None or day <= self.until)


class SourceRef(Strict):
    doc: Line
    article: Line | None = None


class Answer(Strict):
    """What holds from `start` until `until`, both inclusive; None is open."""

    start: date | None = Field(alias="from")
    until: date | None
    short: Annotated[Line, StringConstraints(max_length=400)]
    steps: tuple[Annotated[Line, StringConstraints(max_length=200)], ...] = Field((), max_length=8)
    parts: dict[PartKey, Annotated[Line, StringConstraints(max_length=350)]] = Field(default_factory=dict)
    note: Annotated[Line, StringConstraints(max_length=300)] | None = None
    sources: tuple[SourceRef, ...] = Field(min_length=1)
    certainty: Literal["high", "medium", "low"] = "high"
    review: Line | None = None

    def holds_on(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.until is None or day <= self.until)

    @model_validator(mode="after")
    def _low_needs_review(self) -> "Answer":
        if self.certainty == "low" and not self.review:
            raise ValueError('certainty: low thì phải có "review" nói cán bộ cần kiểm tra điều gì')
        if self.start and self.until and self.start > self.until:
            raise ValueError('"from" muộn hơn "until"')
        return self


class LinkButton(Strict):
    text: Annotated[Line, StringConstraints(max_length=30)]
    url: Annotated[Line, StringConstraints(pattern=r"^https://")]


class MediaRef(Strict):
    photo: Line | None = None
    video: Line | None = None
    audio: Line | None = None
    document: Line | None = None
    caption: Annotated[Line, StringConstraints(max_length=1024)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "MediaRef":
        if sum(value is not None for value in (self.photo, self.video, self.audio, self.document)) != 1:
            raise ValueError("media cần đúng một trong: photo, video, audio, document")
        return self


class Topic(Strict):
    id: TopicId
    title: Annotated[Line, StringConstraints(max_length=30)]
    question: Annotated[Line, StringConstraints(max_length=120)]
    related: tuple[TopicId, ...] = Field(min_length=1, max_length=4)
    answers: tuple[Answer, ...] = Field(min_length=1)
    buttons: tuple[LinkButton, ...] = Field((), max_length=3)
    media: MediaRef | None = None
    examples: tuple[Line, ...] = Field(min_length=5)

    @field_validator("examples", mode="before")
    @classmethod
    def _numbers_are_text(cls, value: object) -> object:
        # `- 113` is a fair example, but YAML reads a number.
        return (
            [str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item for item in value]
            if isinstance(value, list)
            else value
        )

    def answer_on(self, day: date) -> Answer:
        """The answer in force on `day`; periods cover every day (checked at load)."""
        return next(answer for answer in self.answers if answer.holds_on(day))

    def seams(self) -> Iterator[tuple[Answer, Answer]]:
        """Neighbouring periods in order."""
        yield from zip(self.answers, self.answers[1:], strict=False)


class Group(Strict):
    """One faq file. A group may be spread over several files with the same `group` and `title`."""

    group: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
    title: Annotated[Line, StringConstraints(max_length=40)]
    topics: tuple[Topic, ...] = Field(min_length=1)
