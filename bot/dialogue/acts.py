"""What Rasa decided, as typed values: docs/reference/acts.md is the whole interface between the two processes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.content.model import PartKey, TopicId
from bot.content.talk import SmallTalkKind
from bot.errors import Malformed

Flow = Literal["subscribe", "unsubscribe", "my_data", "checklist", "where", "scam"]
Slot = Literal["place", "consent", "confirm", "choice", "age", "card", "message"]


class _Act(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class About(_Act):
    """What the resident said about themselves in the question."""

    place: str | None = None
    age: int | None = None
    level: str | None = None


class AnswerTopic(_Act):
    act: Literal["answer"]
    topic: TopicId
    part: PartKey | None = None
    entities: About = About()


class Clarify(_Act):
    act: Literal["clarify"]
    topics: tuple[TopicId, ...] = Field(min_length=1, max_length=5)


class OutOfScope(_Act):
    act: Literal["out_of_scope"]
    again: bool = False


class Menu(_Act):
    act: Literal["menu"]
    group: str | None = None


class SmallTalk(_Act):
    act: Literal["talk"]
    kind: SmallTalkKind


class Handoff(_Act):
    act: Literal["handoff"]


class Ask(_Act):
    act: Literal["ask", "resume"]
    flow: Flow
    slot: Slot
    options: tuple[str, ...] = ()
    invalid: bool = False


class Subscribe(_Act):
    act: Literal["subscribe"]
    place: str


class Unsubscribe(_Act):
    act: Literal["unsubscribe"]


class MyData(_Act):
    act: Literal["my_data"]
    op: Literal["show", "delete"]


class Checklist(_Act):
    act: Literal["checklist"]
    age: int = Field(ge=0, le=130)
    card: bool
    place: str


class Where(_Act):
    act: Literal["where"]
    place: str


class ScamCheck(_Act):
    act: Literal["scam_check"]
    links: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


class Feedback(_Act):
    act: Literal["feedback"]
    value: Literal["yes", "no"]
    topic: TopicId | None = None


Act = Annotated[
    AnswerTopic
    | Clarify
    | OutOfScope
    | Menu
    | SmallTalk
    | Handoff
    | Ask
    | Subscribe
    | Unsubscribe
    | MyData
    | Checklist
    | Where
    | ScamCheck
    | Feedback,
    Field(discriminator="act"),
]


class Ranked(_Act):
    topic: str
    confidence: float


class Understood(_Act):
    """What Rasa made of the text; goes into the redacted question log and metrics."""

    decision: Literal["answer", "clarify", "talk", "out_of_scope"] = "talk"
    topic: str | None = None
    intent: str | None = None
    confidence: float = 0.0
    ranking: tuple[Ranked, ...] = ()
    entities: tuple[dict[str, Any], ...] = ()


class Reply(_Act):
    acts: tuple[Act, ...] = Field(min_length=1)
    understood: Understood = Understood()


_reply = TypeAdapter(Reply)


def parse_reply(body: bytes | str) -> Reply:
    """Rasa's answer to a turn. Raises Malformed."""
    try:
        return _reply.validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise Malformed(
            f"Rasa's answer does not follow docs/reference/acts.md at {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None
