"""Whom a campaign means, as far as it is known without the subscribers."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.campaigns.audience import Split, rank, target
from bot.campaigns.model import Campaign, Indicator
from bot.content.library import Library


def campaign(**audience: object) -> Campaign:
    return Campaign.model_validate(
        {
            "id": "a",
            "title": "t",
            "author": "x",
            "sender": "s",
            "message": {"text": "t"},
            "schedule": {"at": "2022-12-24 08:00"},
            "audience": audience,
        }
    )


def test_a_district_of_2022_reaches_its_communes_and_the_units_made_of_them(library: Library, clock) -> None:  # type: ignore[no-untyped-def]
    found = target(campaign(places=["district:dien-chau"]), library.places, clock.now())
    assert found.places and "commune:dien-chau/dien-ky" in found.places
    assert not any(place.startswith("commune:") and not place.startswith("commune:dien-chau/") for place in found.places)


def test_the_lagging_localities_come_first_with_their_communes(library: Library) -> None:
    units = [place.slug for place in library.places.units[:3]]
    figures = {units[0]: 4.0, units[1]: 2.0, units[2]: 9.0}
    found = rank(Indicator(name="online_rate", below=5), figures, library.places)
    assert found[units[1]] < found[units[0]] and units[2] not in found
    communes = [place.slug for place in library.places.values() if place.kind == "commune" and place.units == (units[1],)]
    assert communes and {found[commune] for commune in communes} == {found[units[1]]}


@given(st.text(min_size=1, max_size=20), st.integers(min_value=0, max_value=10**8))
def test_buckets_are_even_and_differ_between_campaigns(name: str, first: int) -> None:
    split = Split.of(name)
    counts = Counter(split.bucket(number) < 50 for number in range(first, first + 2000))
    assert 800 < counts[True] < 1200


def test_ramping_up_keeps_those_who_were_in() -> None:
    split = Split.of("ramp a")
    ten, fifty = ({number for number in range(5000) if split.bucket(number) < percent} for percent in (10, 50))
    assert ten < fifty


def test_the_ramp_says_nothing_about_the_variant() -> None:
    ramp, split = Split.of("ramp a"), Split.of("split a")
    early = [split.bucket(number) < 50 for number in range(20_000) if ramp.bucket(number) < 20]
    assert 0.4 < sum(early) / len(early) < 0.6
