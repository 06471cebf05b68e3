"""Button payloads (docs/reference/acts.md): made here, read here."""

from dataclasses import dataclass

from bot.messages import Button

LIMIT = 64


@dataclass(frozen=True)
class Payload:
    """`/topic dinh_danh/o_dau` is verb `topic`, argument `dinh_danh/o_dau`."""

    verb: str
    argument: str = ""

    def __str__(self) -> str:
        return f"/{self.verb} {self.argument}" if self.argument else f"/{self.verb}"


def parse(text: str) -> Payload | None:
    """The payload in `text`, or None if it is ordinary text."""
    if not text.startswith("/") or len(text.encode()) > LIMIT:
        return None
    verb, _, argument = text[1:].partition(" ")
    return Payload(verb, argument.strip()) if verb.isidentifier() else None


def button(text: str, verb: str, argument: str = "") -> Button:
    payload = str(Payload(verb, argument))
    assert len(payload.encode()) <= LIMIT, payload
    return Button(text, payload=payload)
