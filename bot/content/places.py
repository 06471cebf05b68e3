"""Districts and communes of Nghệ An by id, and what each became.

Ids: `district:dien-chau` (21, until 2025-06-30), `commune:dien-chau/dien-ky` (460 of November 2022), `unit:vinh-phu` (130 from
2025-07-01). Reading names out of what residents type is `vietnamese.places`; this is what the ids mean.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from vietnamese import fold

DISTRICTS_END = date(2025, 7, 1)
_KINDS = ("Thành phố", "Thị xã", "Thị trấn", "Huyện", "Phường", "Xã")


def slug(name: str) -> str:
    """`Phường Vinh Phú` → `vinh-phu`: without the kind, marks or spaces."""
    for kind in _KINDS:
        name = name.removeprefix(kind + " ")
    return re.sub(r"[^a-z0-9]+", "-", fold(name).lower()).strip("-")


@dataclass(frozen=True)
class Place:
    """`units`: ids of the units of today that hold it (itself for a unit). `district`: id of its 2022 district, None for a unit."""

    id: str
    name: str
    units: tuple[str, ...]
    district: str | None = None

    @property
    def kind(self) -> str:
        return self.id.split(":", 1)[0]


class Places(Mapping[str, Place]):
    """All places by id, in the order of the file: districts, their communes, then units."""

    def __init__(self, data: dict[str, Any]):
        self.raw = data
        self._places: dict[str, Place] = {}
        units: dict[str, str] = {}
        for district in data["districts_2022"]:
            district_id = f"district:{district['slug']}"
            communes = []
            for commune in district["communes"]:
                unit_id = f"unit:{slug(commune['now'])}"
                units.setdefault(unit_id, commune["now"])
                communes.append(Place(f"commune:{district['slug']}/{commune['slug']}", commune["name"], (unit_id,), district_id))
            held = tuple(dict.fromkeys(unit for commune in communes for unit in commune.units))
            self._add(Place(district_id, district["name"], held, district_id))
            for place in communes:
                self._add(place)
        for unit_id, name in units.items():
            self._add(Place(unit_id, name, (unit_id,)))

    def _add(self, place: Place) -> None:
        if place.id in self._places:
            raise ValueError(f"{place.id} stands twice in places.yml")
        self._places[place.id] = place

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

    def name_on(self, place_id: str, day: date) -> str:
        """How to name the place on `day`: an old commune with what it is called today once districts are gone."""
        place = self[place_id]
        if day < DISTRICTS_END or place.kind == "unit":
            return place.name
        if len(place.units) == 1:
            return f"{self[place.units[0]].name} ({place.name} cũ)" if self[place.units[0]].name != place.name else place.name
        return f"{place.name} cũ"

    def within(self, place_id: str) -> frozenset[str]:
        """Ids of every place that lies wholly in `place_id`: who is reached when a campaign names it."""
        place = self[place_id]
        if place.kind == "commune":
            return frozenset({place_id})
        units = set(place.units)
        inside = {other.id for other in self.values() if set(other.units) <= units}
        if place.kind == "district":
            # A unit or commune belongs to the district only if its people did: another district's commune may share the unit.
            inside = {other.id for other in self.values() if other.district == place_id} | {
                unit for unit in units if all(o.district == place_id for o in self.values() if o.kind == "commune" and unit in o.units)
            }
        return frozenset(inside | {place_id})

    def parents(self, place_id: str) -> tuple[str, ...]:
        """Ids whose figures include this place: itself, its district of 2022, its unit of today when there is just one."""
        place = self[place_id]
        above = (place_id, place.district, place.units[0] if len(place.units) == 1 else None)
        return tuple(dict.fromkeys(item for item in above if item))
