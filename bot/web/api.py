"""The JSON API (docs/reference/api.md): questions in, replies out, and what comes without being asked."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.dialogue import payloads
from bot.errors import StoreError
from bot.services.outbox import Outbox, Posted
from bot.services.turn import LONGEST
from bot.web.chat import SESSION, Chat, Question
from bot.web.problems import BAD_REQUEST, Problem, Refused
from bot.web.rate import RateLimit, client_of
from bot.web.replies import Reply

log = structlog.get_logger()

HEARTBEAT = 20.0  # seconds: mobile networks and proxies cut a line that is silent for longer
STREAMS = 500  # open pages that are told at once; further ones ask from time to time
STREAMS_A_CLIENT = 20

SessionId = Annotated[
    str, Field(pattern=f"^{SESSION}$", description="From the first reply; opaque", examples=["kq0Zk3v1mYw7b2cQ9s8xT4uR6pL5nJ0a"])
]


class ChatRequest(BaseModel):
    """Exactly one of `text` and `payload`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"text": "làm mức 2 ở đâu"}, {"payload": "/topic dinh_danh/o_dau"}]},
    )

    session: SessionId | None = None
    text: Annotated[str, Field(max_length=LONGEST, description="What the resident typed")] | None = None
    payload: Annotated[str, Field(max_length=payloads.LIMIT, pattern="^/", description="A pressed button's payload")] | None = None
    id: (
        Annotated[
            str,
            Field(pattern="^[A-Za-z0-9_-]{1,64}$", description="Names the attempt: repeated after a lost reply, it is not handled twice"),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _one_of(self) -> "ChatRequest":
        if (self.text is None) == (self.payload is None):
            raise ValueError("exactly one of text and payload")
        return self

    def question(self) -> Question:
        if self.payload is not None:
            return Question("payload", self.payload, self.session, self.id)
        return Question("text", self.text or "", self.session, self.id)


class ChatResponse(BaseModel):
    session: SessionId
    replies: list[Reply]


class PostedReply(BaseModel):
    id: Annotated[str, Field(description="Give the last one as `after` next time")]
    reply: Reply


class Messages(BaseModel):
    messages: list[PostedReply]


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    413: {"model": Problem, "description": "Body over 16 kB"},
    422: {"model": Problem, "description": "Malformed, empty or longer than 1,500 characters"},
    429: {"model": Problem, "description": "Too many questions; `Retry-After` says when to ask again"},
    503: {"model": Problem, "description": "The database is away"},
}


def routes(chat: Chat, outbox: Outbox, polls: RateLimit, trust_proxy: bool) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["chat"])
    streams: Counter[str] = Counter()

    @router.post("/chat", summary="Ask", responses=_PROBLEMS)
    async def ask(body: ChatRequest, request: Request) -> ChatResponse:
        """A turn of the conversation. Without `session` a new one begins."""
        said = await chat.ask(client_of(request, trust_proxy), body.question())
        return ChatResponse(session=said.session, replies=said.replies)

    @router.get(
        "/messages",
        summary="What came without being asked",
        response_model=Messages,
        responses={
            200: {"content": {"text/event-stream": {}}, "description": "JSON, or a stream of events whose data is one message"},
            204: {"description": "Too many open streams: ask again without `Accept: text/event-stream`"},
            422: _PROBLEMS[422],
            429: _PROBLEMS[429],
            503: _PROBLEMS[503],
        },
    )
    async def messages(
        request: Request,
        session: Annotated[SessionId, Query()],
        after: Annotated[
            str | None, Query(max_length=40, description="Id of the last message seen; it and earlier ones are forgotten")
        ] = None,
        last_event_id: Annotated[str | None, Header(max_length=40)] = None,
    ) -> Response | Messages:
        """Campaign messages for this session, oldest first. With `Accept: text/event-stream` they come as they are sent."""
        client = client_of(request, trust_proxy)
        if seconds := polls.wait(client):
            raise Refused(429, "too_many", chat.say("busy"), retry_after=int(seconds) + 1)
        last = last_event_id or after
        try:
            await outbox.seen(session, last)
            if "text/event-stream" not in request.headers.get("accept", ""):
                return Messages(messages=[_shown(chat, posted) for posted in await outbox.after(session, last)])
        except StoreError as error:
            log.error("web.unavailable", error=type(error).__name__)
            raise Refused(503, "unavailable", chat.say("error"), retry_after=10) from None
        if streams.total() >= STREAMS or streams[client] >= STREAMS_A_CLIENT or outbox.closed:
            return Response(status_code=204)
        return StreamingResponse(
            _stream(chat, outbox, session, last, streams, client), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    return router


def _shown(chat: Chat, posted: Posted) -> PostedReply:
    return PostedReply(id=posted.id, reply=chat.replies([posted.message])[0])


async def _stream(chat: Chat, outbox: Outbox, session: str, last: str | None, streams: Counter[str], client: str) -> AsyncIterator[str]:
    """Server-sent events until the page leaves, the outbox closes or the database is away; a comment as heartbeat."""
    streams[client] += 1
    try:
        yield "retry: 5000\n\n"
        while not outbox.closed:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    found = await outbox.wait(session, last)
            except TimeoutError:
                yield ": .\n\n"
                continue
            for posted in found:
                last = posted.id
                reply = _shown(chat, posted).reply.model_dump()
                yield f"id: {posted.id}\ndata: {json.dumps(reply, ensure_ascii=False)}\n\n"
    except StoreError as error:
        log.error("web.unavailable", error=type(error).__name__)  # the page comes again by itself
    finally:
        streams[client] -= 1
        if not streams[client]:
            del streams[client]


def explain(chat: Chat, errors: list[Any]) -> Refused:
    """A request that is not what the API takes: its own sentence for a text too long, one for all the rest."""
    if any(error["type"] == "string_too_long" and error["loc"][-1] == "text" for error in errors):
        return Refused(422, "too_long", chat.say("too_long"))
    return Refused(422, "bad_request", BAD_REQUEST)
