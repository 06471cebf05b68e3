"""Messages as the API shows them."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from bot.messages import Limits, Message


def _is_none(value: object) -> bool:
    return value is None


class ReplyButton(BaseModel):
    """Has either `payload` (send it back as `payload`) or `url` (an official https address)."""

    text: str
    payload: Annotated[str | None, Field(exclude_if=_is_none)] = None
    url: Annotated[str | None, Field(exclude_if=_is_none)] = None


class ReplyMedia(BaseModel):
    kind: Literal["photo", "video", "document", "audio"]
    url: Annotated[str, Field(description="Path on this server")]


class Reply(BaseModel):
    """One message of Loa's. `text` is plain: blank lines between paragraphs, steps as lines starting with a number."""

    topic: Annotated[str | None, Field(description="`group/topic` of an answer, else null")] = None
    text: str
    sources: Annotated[list[str], Field(description="Legal basis, shown under the text")]
    buttons: Annotated[list[list[ReplyButton]], Field(description="Rows of buttons")]
    media: list[ReplyMedia]


def as_reply(message: Message, limits: Limits, media_root: Path) -> Reply:
    """`media_root` is what `/media/` serves; a file from elsewhere is left out."""
    return Reply(
        topic=message.topic,
        text=message.words,
        sources=list(message.sources),
        buttons=[[ReplyButton(text=item.text, payload=item.payload, url=item.url) for item in row] for row in message.buttons],
        media=[
            ReplyMedia(kind=item.kind, url="/media/" + quote(Path(item.path).relative_to(media_root).as_posix()))
            for item in message.media
            if item.kind in limits.media and Path(item.path).is_relative_to(media_root)
        ],
    )
