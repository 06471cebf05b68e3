"""Localities as the bot speaks of them: names on a day, what a campaign to a place reaches, whose figures a resident counts in.

What ids mean and how names are read out of text is `vietnamese.places`; this adds the day and the hierarchy.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any

from vietnamese.places import REFORM, Place
from vietnamese.places import Places as Gazetteer


class Places(Mapping[str, Place]):
    """All localities by id (`district:…`, `commune:…/…`, `unit:…`), from the parsed contents of `places.yml`."""

    def __init__(self, data: Any):
        self._gazetteer = Gazetteer(data)
        self._places: dict[str, Place] = {place.slug: place for place in self._gazetteer}

    def __getitem__(self, key: str) -> Place:
        return self._places[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def districts(self) -> tuple[Place, ...]:
        return tuple(place for place in self.values() if place.kind == "district")

    @cached_property
    def units(self) -> tuple[Place, ...]:
        return tuple(place for place in self.values() if place.kind == "unit")

    def district_of(self, place_id: str) -> str | None:
        """Its district of 2022; None for a unit of today, which may hold communes of several."""
        kind, _, rest = place_id.partition(":")
        return None if kind == "unit" else f"district:{rest.partition('/')[0]}"

    def name_on(self, place_id: str, day: date) -> str:
        """How to name the place on `day`: once districts are gone, an old one with what it is called today."""
        place = self[place_id]
        if day < REFORM or place.kind == "unit":
            return place.name
        if len(place.units) > 1:
            return f"{place.name} cũ"
        unit = self[place.units[0]].name
        return unit if unit == place.name else f"{unit} ({place.name} cũ)"

    def within(self, place_id: str) -> frozenset[str]:
        """Ids of every place that lies wholly in `place_id`: where the residents live whom a campaign reaches by naming it."""
        if self[place_id].kind == "commune":
            return frozenset({place_id})
        communes = self._communes_in(place_id)
        units = {unit.slug for unit in self.units if self._communes_in(unit.slug) <= communes}
        return frozenset(communes | units | {place_id})

    def parents(self, place_id: str) -> tuple[str, ...]:
        """Ids whose figures include this place: itself, its district of 2022, its unit of today when that is just one."""
        units = self[place_id].units
        above = (place_id, self.district_of(place_id), units[0] if len(units) == 1 else None)
        return tuple(dict.fromkeys(item for item in above if item))

    def _communes_in(self, place_id: str) -> frozenset[str]:
        return self._communes.get(place_id, frozenset())

    @cached_property
    def _communes(self) -> dict[str, frozenset[str]]:
        """Communes of 2022 by the district and by the unit that hold them."""
        held: dict[str, set[str]] = {}
        for place in self.values():
            if place.kind == "commune":
                for holder in (self.district_of(place.slug), *place.units):
                    held.setdefault(str(holder), set()).add(place.slug)
        return {holder: frozenset(communes) for holder, communes in held.items()}
