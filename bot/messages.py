"""What passes between channels and the core: values, no behaviour of any platform."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Address:
    """Where a resident is reached. `chat` is the platform's id as text."""

    channel: str
    chat: str

    @property
    def conversation(self) -> str:
        """The id Rasa knows the conversation by."""
        return f"{self.channel}:{self.chat}"


@dataclass(frozen=True)
class Button:
    """Exactly one of `payload` (≤ 64 bytes, see docs/reference/acts.md) and `url` (official addresses only)."""

    text: str
    payload: str | None = None
    url: str | None = None


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True)
class Media:
    """A file of `content/media/` by kind. `path` is absolute; `key` names the same bytes on every send (for file_id reuse)."""

    kind: Literal["photo", "video", "document", "audio"]
    path: str
    key: str


@dataclass(frozen=True)
class Poll:
    """`correct` is the index of the right option of a quiz, None for an opinion-free poll about facts."""

    question: str
    options: tuple[str, ...]
    correct: int | None = None
    explanation: str | None = None


@dataclass(frozen=True)
class Message:
    """What a resident reads. `text` is plain: adapters escape it, split it and lay it out for their platform.

    `closing` ends the text and stays with the buttons where they need a message of their own. `sources` are the lines naming the legal
    basis, shown under the text. `topic` is set on answers.
    """

    text: str
    closing: str = ""
    buttons: Rows = ()
    sources: tuple[str, ...] = ()
    topic: str | None = None
    media: tuple[Media, ...] = ()
    poll: Poll | None = None

    @property
    def words(self) -> str:
        """Text and closing as one."""
        return f"{self.text}\n\n{self.closing}".strip() if self.closing else self.text

    @property
    def full_text(self) -> str:
        """Words and sources as one plain text, for channels that have no place of their own for sources."""
        if not self.sources:
            return self.words
        return self.words + "\n\n📜 Căn cứ: " + "; ".join(self.sources) + "."

    @property
    def count(self) -> int:
        """As how many messages platforms count it: each photo of an album is one."""
        return len(self.media) or 1


IncomingKind = Literal["text", "payload", "media", "blocked", "unblocked", "ignored"]


@dataclass(frozen=True)
class Incoming:
    """One thing a resident did. `id` is the platform's and unique within the channel: it makes handling happen once.

    kind: `text` (typed), `payload` (pressed a button; `text` holds the payload), `media` (`media` says voice, photo,
    sticker, document, location, contact, other; `text` is the caption if any), `blocked` / `unblocked` (the bot).
    """

    address: Address
    id: str
    kind: IncomingKind
    text: str = ""
    media: str | None = None
    at: datetime | None = None
    edited: bool = False


@dataclass(frozen=True)
class Limits:
    """What a platform can show, counted as it counts.

    unit: `utf16` (code units; Telegram, the web) or `chars` (code points). payload: bytes. buttons 0 means none: choices are numbered.
    album: photos that go as one message, without buttons.
    """

    text: int
    caption: int
    unit: Literal["utf16", "chars"] = "utf16"
    buttons: int = 0
    row: int = 8
    button_text: int = 64
    payload: int = 64
    urls: bool = True
    media: frozenset[str] = field(default_factory=frozenset)
    album: int = 1
    polls: bool = False
