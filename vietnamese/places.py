"""Localities of Nghệ An, old and new, found in what residents type.

Slugs are `kind:slug`: `district:dien-chau` (until 30/6/2025), `commune:dien-chau/dien-ky` (2022's 460),
`unit:dien-chau` (today's 130). One spoken name often means several of them; nothing here guesses which.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from vietnamese.spelling import fold_in_place, old_style_tones

# The day districts ended and today's 130 units began.
REFORM = date(2025, 7, 1)
_KIND_WORDS = {
    "district": r"huyện|huyen|h|thị xã|thi xa|tx|thành phố|thanh pho|tp",
    "commune": r"xã|xa|x|phường|phuong|p|thị trấn|thi tran|tt",
}
_PREFIX = re.compile(rf"\b(?:(?P<district>{_KIND_WORDS['district']})|(?P<commune>{_KIND_WORDS['commune']}))[.:]?\s+$")
_KIND_WORD = re.compile("|".join(_KIND_WORDS.values()))
_FORMAL_PREFIX = re.compile(r"^(?:Thành phố|Thị xã|Thị trấn|Huyện|Xã|Phường)\s+")
_WORD = re.compile(r"[^\W\d_]+")
_LONGEST_NAME = 4
_FUZZY_CUTOFF = 88
# One-word or everyday names that only mean a place after "xã", "huyện", "ở"… ("vinh" is none: nobody says it otherwise).
_EVERYDAY = frozenset(
    "tan phu|yen binh|hoa binh|tan tien|tan hop|hop thanh|tan long|dong loi|thanh cong|tien phong|quang trung|le loi|nghia lo".split("|")
)


@dataclass(frozen=True)
class Place:
    """One locality. `units`: slugs of today's units that cover it (itself for a unit)."""

    slug: str
    name: str
    units: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.slug.partition(":")[0]


def _a_slip(typed: str, name: str) -> bool:
    """Whether `typed` may be `name` mistyped: words begin alike, and at most one letter in ten is wrong ("cau giay" is no Quảng Châu)."""
    initials = [word[0] for word in typed.split()] == [word[0] for word in name.split()]
    return initials and OSA.distance(typed, name) <= max(1, len(name) // 10)


@dataclass(frozen=True)
class Mention:
    """A stretch of text that names a locality: every meaning it can have, most exact spelling first."""

    start: int
    end: int
    slugs: tuple[str, ...]
    exact: bool


class Places:
    """All localities, from the parsed contents of `places.yml`."""

    def __init__(self, data: "Mapping[str, Any]") -> None:
        unit_of = {unit["name"]: f"unit:{unit['slug']}" for unit in data["communes_2025"]}
        self._places: dict[str, Place] = {}
        self._bases: dict[str, str] = {}
        for unit in data["communes_2025"]:
            self._add(unit_of[unit["name"]], unit["name"], unit["base"], (unit_of[unit["name"]],))
        for district in data["districts_2022"]:
            slug = f"district:{district['slug']}"
            self._add(slug, district["name"], district["base"], tuple(unit_of[name] for name in district["successors"]))
            for commune in district["communes"]:
                base = _FORMAL_PREFIX.sub("", commune["name"])
                slug = f"commune:{district['slug']}/{commune['slug']}"
                # Nghi Văn and Nghi Vạn, both of Nghi Lộc, are the one pair a slug does not tell apart.
                self._add(slug + "-2" if slug in self._places else slug, commune["name"], base, (unit_of[commune["now"]],))
        self._by_folded: dict[str, list[str]] = defaultdict(list)
        for slug, base in self._bases.items():
            self._by_folded[fold_in_place(base)].append(slug)

    def __contains__(self, slug: object) -> bool:
        return slug in self._places

    def __getitem__(self, slug: str) -> Place:
        """Raises KeyError for an unknown slug."""
        return self._places[slug]

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places.values())

    def find(self, text: str, *, expected: bool = False) -> list[Mention]:
        """Localities named in `text`, left to right, not overlapping.

        expected: the resident was just asked where they live, so misspelt names and everyday words count too.
        """
        # Positions must hold in the caller's text, so nothing here may change its length.
        folded = fold_in_place(text)
        spans = [match.span() for match in _WORD.finditer(folded)]
        mentions: list[Mention] = []
        at = 0
        while at < len(spans):
            mention, used = self._longest_at(text, folded, spans, at, expected)
            if mention and _KIND_WORD.fullmatch(folded[slice(*spans[at])]) and at + 1 < len(spans):
                # "xa luong minh" is xã Lượng Minh, though there is a Xá Lượng.
                after, more = self._longest_at(text, folded, spans, at + 1, expected)
                if after and after.end > mention.end:
                    mention, used = after, more + 1
            if mention:
                mentions.append(mention)
            at += used
        return self._within_district(mentions) or (self._misspelt(text, folded) if expected else [])

    def today(self, slugs: "tuple[str, ...] | list[str]", on: date) -> "tuple[str, ...]":
        """What `slugs` (the meanings of one mention) can stand for on a day: one slug when it is settled, else all choices.

        Before 2025-07-01 a district covers its namesake town; from then on everything becomes today's units.
        """
        if on >= REFORM:
            return tuple(dict.fromkeys(unit for slug in slugs for unit in self._places[slug].units))
        old = [slug for slug in slugs if not slug.startswith("unit:")] or list(slugs)
        districts = [slug for slug in old if slug.startswith("district:")]
        if len(districts) == 1:
            inside = f"commune:{districts[0].partition(':')[2]}/"
            old = [slug for slug in old if not slug.startswith(inside)]
        return tuple(old)

    def _add(self, slug: str, name: str, base: str, units: "tuple[str, ...]") -> None:
        self._places[slug] = Place(slug, name, units)
        self._bases[slug] = base

    def _longest_at(self, text: str, folded: str, spans: list[tuple[int, int]], at: int, expected: bool) -> "tuple[Mention | None, int]":
        for length in range(min(_LONGEST_NAME, len(spans) - at), 0, -1):
            start, end = spans[at][0], spans[at + length - 1][1]
            name = re.sub(r"[\s\-]+", " ", folded[start:end])
            prefix = _PREFIX.search(folded[max(0, start - 12) : start])
            slugs = self._by_folded.get(name)
            if not slugs and prefix and length == 2:
                slugs = self._close_to(name)
            if not slugs or (length == 1 and name != "vinh" and not prefix) or (name in _EVERYDAY and not (prefix or expected)):
                continue
            # A name typed without marks is spelled exactly only where the resident types marks at all.
            exact = [] if text.isascii() else self._spelled(slugs, text[start:end])
            if not exact and not prefix and not expected and not text[start:end].isascii():
                continue  # other marks, so other words: "đồng hợp" is not Đồng Hợp's neighbour
            kept = self._of_kind(exact or slugs, prefix)
            begin = start - (len(prefix.group()) if prefix else 0)
            return Mention(begin, end, tuple(kept), bool(exact)), length
        return None, 1

    def _spelled(self, slugs: "list[str]", typed: str) -> "list[str]":
        typed = old_style_tones(re.sub(r"[\s\-]+", " ", typed)).lower()
        return [slug for slug in slugs if old_style_tones(self._bases[slug]).lower() == typed]

    def _of_kind(self, slugs: list[str], prefix: "re.Match[str] | None") -> "list[str]":
        if not prefix:
            return slugs
        wanted = ("district",) if prefix["district"] else ("commune", "unit")
        return [slug for slug in slugs if slug.partition(":")[0] in wanted] or slugs

    def _close_to(self, name: str) -> "list[str]":
        close = process.extract(name, self._by_folded.keys(), scorer=fuzz.ratio, score_cutoff=_FUZZY_CUTOFF, limit=3)
        best = close[0][1] if close else 0
        return [slug for key, score, _ in close if score == best and _a_slip(name, key) for slug in self._by_folded[key]]

    def _misspelt(self, text: str, folded: str) -> "list[Mention]":
        spans = [match.span() for match in _WORD.finditer(folded)]
        for length in (3, 2):
            for at in range(len(spans) - length + 1):
                start, end = spans[at][0], spans[at + length - 1][1]
                slugs = self._close_to(folded[start:end])
                if slugs:
                    return [Mention(start, end, tuple(slugs), False)]
        return []

    def _within_district(self, mentions: "list[Mention]") -> "list[Mention]":
        """A commune named together with its district is settled by it: "xã Bắc Sơn, Quỳ Hợp"."""
        districts = {slug for mention in mentions for slug in mention.slugs if slug.startswith("district:")}
        kept = []
        for mention in mentions:
            inside = tuple(s for s in mention.slugs if s.startswith("commune:") and self._district_of(s) in districts)
            others = districts - {s for s in mention.slugs if s.startswith("district:")}
            settled = tuple(s for s in inside if self._district_of(s) in others)
            kept.append(Mention(mention.start, mention.end, settled, mention.exact) if settled else mention)
        settled_in = {self._district_of(m.slugs[0]) for m in kept if len(m.slugs) == 1 and m.slugs[0].startswith("commune:")}
        # The district said only to settle the commune is not a second place.
        return [m for m in kept if not (settled_in & set(m.slugs)) or len(kept) == 1]

    @staticmethod
    def _district_of(commune: str) -> str:
        return "district:" + commune.partition(":")[2].partition("/")[0]
