"""Entities by rule: place, age, level, document, date, link, phone, id_number, account."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.examples import load_yaml
from nlu.paths import CONTENT
from vietnamese import Places, find_private
from vietnamese.spelling import fold_in_place

METADATA = "metadata"

LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"']+|"
    r"\b[\w-]+(?:\.[\w-]+)*\.(?:vn|com|net|org|info|top|cc|xyz|online|site|apk|icu|vip|shop|live|club|me|link|app|ly|id)\b(?:/[^\s<>\"']*)?",
    re.IGNORECASE,
)
_STATE_HOST = re.compile(r"(?:[\w-]+\.)*gov\.vn")
_YEAR = re.compile(
    r"\b(?:sinh|sn|de)\s*(?:nam|ngay)?\s*(?:\d{1,2}[/.-]\d{1,2}[/.-])?((?:19|20)\d\d)\b|\b(?:sn|sinh nam|sinh|doi)\s*(9\d|0\d|[5-8]\d)\b"
)
_YEARS_OLD = re.compile(r"\b(\d{1,3})\s*(?:tuoi|t(?=\W|$)|tuoii?)\b|\btuoi\s*(?:la)?\s*(\d{1,3})\b")
_MONTHS_OLD = re.compile(r"\b(\d{1,2})\s*thang\s*tuoi\b")
_NUMBER_WORDS = {
    "mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10, "muoi mot": 11,
    "muoi hai": 12, "muoi ba": 13, "muoi bon": 14, "muoi lam": 15, "muoi nam": 15, "muoi sau": 16, "muoi bay": 17, "muoi tam": 18,
}  # fmt: skip
_WORDED = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
_YEARS_WORDED = re.compile(rf"\b({_WORDED})\s+tuoi\b")
_LEVEL = re.compile(r"\b(?:muc|cap do|m)\s*(?:do\s*)?(?:so\s*)?(1|2|mot|hai|i{1,2})\b(?!\s*(?:tuoi|nam|thang|ngay|lan|/))")
_DATE = re.compile(
    r"\b(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*((?:19|20)\d\d)\b|\bngay\s+(\d{1,2})\s+thang\s+(\d{1,2})\s+nam\s+((?:19|20)\d\d)\b"
)
_DOCUMENTS = [
    ("ct07", r"ct\s*0?7|giay xac nhan (?:thong tin (?:ve )?)?cu tru"),
    ("so_tam_tru", r"so tam tru|stt\b|kt3"),
    ("so_ho_khau", r"so ho khau|shk|so hk|ho khau giay|cuon ho khau"),
    ("cmnd", r"cmnd|cmt(?:nd)?|chung minh(?: nhan dan| thu)?"),
    ("cccd", r"cccd|can cuoc cong dan"),
    ("can_cuoc", r"(?:the )?can cuoc(?! cong dan| dien tu)"),
    ("bhyt", r"bhyt|bao hiem y te|the bao hiem"),
    ("gplx", r"gplx|blx|giay phep lai xe|bang lai"),
    ("ho_chieu", r"ho chieu|passport"),
    ("khai_sinh", r"khai sinh|gks"),
]
_DOCUMENT = [(name, re.compile(rf"\b(?:{pattern})")) for name, pattern in _DOCUMENTS]
_OLDEST = 120

Entity = dict[str, Any]
# A public number is only something to check when it is the one that called.
_HOTLINE = re.compile(r"(?<!\d)1[89]00[ .]?\d{4}(?!\d)")
_CALLED = re.compile(r"\b(?:goi|nhan tin|goi den|lua dao|that khong|gia khong|mao danh)\b")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class EntityRules(GraphComponent, EntityExtractorMixin):
    """Finds entities by rule; ages are counted as of `today` in the message's metadata (the system's date without it)."""

    def __init__(self, places: Places) -> None:
        self._places = places

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> EntityRules:
        return cls(the_places())

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            today = (message.get(METADATA) or {}).get("today")
            on = date.fromisoformat(today) if today else date.today()
            message.set(ENTITIES, extract(message.get(TEXT) or "", self._places, on), add_to_output=True)
        return messages


@lru_cache(maxsize=1)
def the_places() -> Places:
    """The localities of `content/places.yml`, read once a process."""
    return Places(load_yaml(CONTENT / "places.yml"))


def extract(text: str, places: Places, today: date) -> list[Entity]:
    """All entities of `text`, in order of position; `value` is canonical as docs/reference/acts.md says."""
    folded = fold_in_place(text)
    private = [(start, end, kind) for start, end, kind in find_private(text) if kind != "email"]
    found = [_entity(kind, text[start:end], start, end) for start, end, kind in private]
    if not private and _CALLED.search(folded):
        found += [_entity("phone", m.group(), *m.span()) for m in _HOTLINE.finditer(text)]
    links = _links(text)
    found += links
    found += _ages(folded, today) + _dates(folded)
    found += [_entity("level", "1" if m[1] in ("1", "mot", "i") else "2", *m.span()) for m in _LEVEL.finditer(folded)]
    found += [_entity("document", name, *m.span()) for name, pattern in _DOCUMENT for m in pattern.finditer(folded)]
    spoken = _blank(text, [(link["start"], link["end"]) for link in links])
    for mention in places.find(spoken):
        found += [_entity("place", slug, mention.start, mention.end) for slug in mention.slugs]
    return sorted(found, key=lambda entity: (entity["start"], entity["end"]))


def has_foreign_link(text: str) -> bool:
    """Whether `text` has a link outside .gov.vn: the host's end counts, not what it holds."""
    return any(not _STATE_HOST.fullmatch(host(entity["value"])) for entity in _links(text))


def host(address: str) -> str:
    """The host of a link as typed: "https://a.gov.vn/x" → "a.gov.vn"."""
    return re.split(r"[/?#:]", re.sub(r"^https?://", "", address, flags=re.IGNORECASE), maxsplit=1)[0].lower()


def has_number(text: str) -> bool:
    """Whether `text` has a phone or account number, or a hotline somebody is said to have called from."""
    private = any(kind in ("phone", "account") for _, _, kind in find_private(text))
    return private or bool(_HOTLINE.search(text) and _CALLED.search(fold_in_place(text)))


def _entity(kind: str, value: str, start: int, end: int) -> Entity:
    return {"entity": kind, "value": value, "start": start, "end": end}


def _links(text: str) -> list[Entity]:
    # What follows an @ is the end of an e-mail address.
    return [_link(match) for match in LINK.finditer(text) if text[max(0, match.start() - 1)] != "@"]


def _link(match: re.Match[str]) -> Entity:
    # A full stop after an address ends the sentence, not the address.
    address = match.group().rstrip(".,;:!?)")
    return _entity("link", address, match.start(), match.start() + len(address))


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _ages(folded: str, today: date) -> list[Entity]:
    found = []
    for match in _YEAR.finditer(folded):
        year = int(match[1]) if match[1] else _full_year(int(match[2]), today)
        found.append((today.year - year, match.span()))
    for match in _YEARS_OLD.finditer(folded):
        found.append((int(match[1] or match[2]), match.span()))
    found += [(_NUMBER_WORDS[match[1]], match.span()) for match in _YEARS_WORDED.finditer(folded)]
    found += [(int(match[1]) // 12, match.span()) for match in _MONTHS_OLD.finditer(folded)]
    return [_entity("age", str(age), *span) for age, span in found if 0 <= age <= _OLDEST]


def _full_year(short: int, today: date) -> int:
    return 2000 + short if 2000 + short <= today.year else 1900 + short


def _dates(folded: str) -> list[Entity]:
    found = []
    for match in _DATE.finditer(folded):
        day, month, year = (int(part) for part in match.groups() if part)
        try:
            found.append(_entity("date", date(year, month, day).isoformat(), *match.span()))
        except ValueError:
            continue  # 31/2 is no date
    return found
