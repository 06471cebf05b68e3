"""The dialogue's flows: their slots in the order asked, and how a slot is read from a message.

A flow is a Rasa form named `<flow>_form`; its slots are shared between flows and emptied when one ends.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from nlu.entities import the_places
from vietnamese import fold, normalise

SLOTS: dict[str, tuple[str, ...]] = {
    "subscribe": ("consent", "place"),
    "unsubscribe": ("confirm",),
    "my_data": ("choice", "confirm"),
    "checklist": ("age", "card", "place"),
    "where": ("place",),
    "scam": ("message",),
}
ALL_SLOTS = tuple(dict.fromkeys(slot for slots in SLOTS.values() for slot in slots))
# What a flow asks about the meaning of a place: choices offered until one is taken.
OPTIONS = "options"

_YES = frozenset(
    "co roi|roi|roi a|co|da|vang|u|ok|dong y|dung|dung roi|duoc|chac|chac chan|yes|nhat tri|co chu|dong y roi|tui dong y|toi dong y|vang a|da co|co a|da vang|r".split(
        "|"
    )
)
_NO = frozenset(
    "khong|chua|khong a|chua co|chua co a|khong co|khong dong y|thoi|no|khong can|dung|khoi|da chua|chua a|da khong|khong muon|chua lam|mat roi|khong dau".split(
        "|"
    )
) - {"dung"}
_SHOW = re.compile(r"\b(?:xem|coi|cho biet|hien|luu gi|luu nhung gi|co gi)\b")
_DELETE = re.compile(r"\b(?:xoa|huy|bo het|go bo|quen het)\b")
_BARE_NUMBER = re.compile(r"\D*(\d{1,4})\D*")
_MONTHS = re.compile(r"\b\d{1,2} thang tuoi\b|\bmoi sinh\b|\bso sinh\b")
_HAS = re.compile(r"(?:co|lam) .*(?:the|can cuoc|cccd|chip)")
_PASTED_WORDS = 15


class Heard(NamedTuple):
    """One message as the flows see it. `asked`: the slot just asked for, if any."""

    text: str
    intent: str
    decision: str
    entities: list[Mapping[str, Any]]
    today: date
    asked: str | None

    def values(self, kind: str) -> "list[str]":
        return [e["value"] for e in self.entities if e["entity"] == kind]


class Read(NamedTuple):
    """A slot read from a message: its value, or the choices (`options`) to ask between."""

    value: str | None = None
    options: tuple[str, ...] = ()


def read(slot: str, heard: Heard) -> Read:
    """What `heard` says about `slot`; an empty Read when it says nothing."""
    return _READERS[slot](heard)


def _place(heard: Heard) -> Read:
    places = the_places()
    said, guessed = [slug for slug in heard.values("place") if slug in places], False
    # A guess at a misspelt name must not swallow what is clearly something else ("cảm ơn" is near Cẩm Sơn),
    # and is never taken without asking.
    if not said and heard.asked == "place" and heard.decision in ("clarify", "out_of_scope"):
        said = [slug for mention in places.find(heard.text, expected=True) for slug in mention.slugs]
        guessed = True
    meanings = places.today(said, heard.today)
    if len(meanings) != 1 or guessed:
        return Read(options=meanings)
    # The very place that was named, where it has one meaning: the bot says what became of it.
    return Read(said[0] if len(said) == 1 else meanings[0])


def _age(heard: Heard) -> Read:
    ages = heard.values("age")
    if ages:
        return Read(ages[0])
    if heard.asked != "age":
        return Read()
    if _MONTHS.search(fold(heard.text)):
        return Read("0")
    number = _BARE_NUMBER.fullmatch(heard.text)
    years = int(number[1]) if number else -1
    if 1900 <= years <= heard.today.year:  # a year of birth
        years = heard.today.year - years
    return Read(str(years)) if 0 <= years <= 120 else Read()


def _yes_or_no(slot: str) -> Callable[[Heard], Read]:
    def reader(heard: Heard) -> Read:
        if heard.asked != slot:
            return Read()
        said = fold(normalise(heard.text))
        if said in _NO or heard.intent == "deny" or (slot == "card" and said.startswith("chua")):
            return Read("no")
        if slot == "card" and _HAS.match(said) and not {"khong", "chua"} & set(said.split()):
            return Read("yes")
        return Read("yes") if said in _YES or heard.intent == "affirm" else Read()

    return reader


def _choice(heard: Heard) -> Read:
    if heard.intent in ("show", "delete"):
        return Read(heard.intent)
    if heard.asked != "choice" and heard.intent != "my_data":
        return Read()
    said = fold(normalise(heard.text))
    return Read("delete") if _DELETE.search(said) else Read("show") if _SHOW.search(said) else Read()


def _message(heard: Heard) -> Read:
    pasted = heard.values("link") or heard.values("phone") or heard.values("account") or len(heard.text.split()) >= _PASTED_WORDS
    return Read("given") if pasted or heard.asked == "message" else Read()


_READERS: dict[str, Callable[[Heard], Read]] = {
    "place": _place,
    "age": _age,
    "consent": _yes_or_no("consent"),
    "confirm": _yes_or_no("confirm"),
    "card": _yes_or_no("card"),
    "choice": _choice,
    "message": _message,
}
