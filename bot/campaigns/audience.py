"""Whom a campaign means, worked out as far as it can be without the subscribers: what `bot/store/audience.py` turns into one query."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.campaigns.model import Audience, Campaign, Indicator
from bot.content.places import Places

PRIME = 2**31 - 1


@dataclass(frozen=True)
class Split:
    """Residents fall into 100 even buckets by `y = (id * a + b) mod PRIME`, `y * y mod PRIME mod 100`: arithmetic every database does
    alike in 64 bits, so that who is in which bucket needs no table, never changes for a campaign, and differs between campaigns.
    The square matters: ids are consecutive, and a straight line through them can miss half the buckets."""

    a: int
    b: int

    @classmethod
    def of(cls, name: str) -> "Split":
        digest = hashlib.sha256(name.encode()).digest()
        return cls(int.from_bytes(digest[:4]) % (PRIME - 1) + 1, int.from_bytes(digest[4:8]) % PRIME)

    def bucket(self, subscriber: int) -> int:
        mixed = (subscriber * self.a + self.b) % PRIME
        return mixed * mixed % PRIME % 100


@dataclass(frozen=True)
class Target:
    """`places`: locality ids, None for all. `ranks`: priority by locality where an indicator decides, lowest first.

    `joined`, `asked`, `done`, `asked_when`: what a sequence or an event asks of the resident's own days, as half-open spans.
    `variants`: (name, buckets up to but not including).
    """

    audience: Audience
    at: datetime
    places: frozenset[str] | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    joined: tuple[datetime, datetime] | None = None
    asked: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    asked_when: tuple[datetime | None, datetime | None] = (None, None)
    ramp: Split = Split(1, 0)
    split: Split = Split(1, 0)
    variants: tuple[tuple[str, int], ...] = ()


def target(
    campaign: Campaign,
    places: Places,
    at: datetime,
    since: datetime | None = None,
    before: datetime | None = None,
    topic: str | None = None,
    figures: Mapping[str, float] | None = None,
) -> Target:
    """The target of a slot (`since`, `before`, `topic` are the slot's) at the moment `at`; `figures` of its indicator by locality."""
    audience, schedule = campaign.audience, campaign.schedule
    ids = _inside(audience.places, places)
    ranks: dict[str, int] = {}
    if audience.indicator:
        ranks = rank(audience.indicator, figures or {}, places)
        ids = frozenset(ranks) if ids is None else ids & ranks.keys()
    asked: tuple[str, ...] = ()
    if schedule.asked:
        asked = schedule.asked.topics
    elif topic:
        asked = (topic,)
    return Target(
        audience=audience,
        at=at,
        places=ids,
        ranks=ranks,
        joined=(since, before) if schedule.sequence and since and before else None,
        asked=asked,
        done=schedule.asked.done if schedule.asked else (),
        asked_when=(since, before) if asked else (None, None),
        ramp=Split.of(f"ramp {campaign.id}"),
        split=Split.of(f"split {campaign.id}"),
        variants=_variants(campaign),
    )


def _inside(named: Iterable[str], places: Places) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for place in named:
        found |= places.within(place)
    return found or None


def _variants(campaign: Campaign) -> tuple[tuple[str, int], ...]:
    edges, total = [], 0
    for name, variant in campaign.variants.items():
        total += variant.weight
        edges.append((name, total))
    return tuple(edges)


def rank(indicator: Indicator, figures: Mapping[str, float], places: Places) -> dict[str, int]:
    """Localities within the bounds, ranked by their figure, or by that of the nearest locality that holds them."""
    found: dict[str, float] = {}
    for place in places:
        value = next((figures[holder] for holder in places.parents(place) if holder in figures), None)
        if (
            value is not None
            and (indicator.below is None or value < indicator.below)
            and (indicator.above is None or value > indicator.above)
        ):
            found[place] = value
    order = {value: position for position, value in enumerate(sorted(set(found.values())))}
    return {place: order[value] for place, value in found.items()}
