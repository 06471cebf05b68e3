"""Every locality of Nghệ An, old and new, as residents name it."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from vietnamese import Places, fold

OLD, NEW = date(2022, 11, 7), date(2026, 1, 5)


@pytest.fixture(scope="module")
def places() -> Places:
    content = Path(__file__).parents[3] / "content" / "places.yml"
    return Places(yaml.safe_load(content.read_text(encoding="utf-8")))


def test_holds_every_locality(places: Places) -> None:
    kinds = [place.kind for place in places]
    assert (kinds.count("district"), kinds.count("commune"), kinds.count("unit")) == (21, 460, 130)


def test_every_name_is_found_with_and_without_diacritics(places: Places) -> None:
    for place in places:
        for typed in (place.name, place.name.lower(), fold(place.name)):
            found = {slug for mention in places.find(typed) for slug in mention.slugs}
            assert place.slug in found, typed


SAID = [
    ("tôi ở xã Diễn Kỷ", ["commune:dien-chau/dien-ky"]),
    ("nhà ở xa dien ky huyen dien chau", ["commune:dien-chau/dien-ky"]),
    ("phường Trường Vinh", ["unit:truong-vinh"]),
    ("huyện Quỳ Hợp", ["district:quy-hop"]),
    ("tp vinh", ["district:vinh"]),
    ("bac son quy hop", ["commune:quy-hop/bac-son"]),
]


@pytest.mark.parametrize(("text", "slugs"), SAID)
def test_finds(places: Places, text: str, slugs: "list[str]") -> None:
    assert [slug for mention in places.find(text) for slug in mention.slugs] == slugs


@pytest.mark.parametrize(
    "text", ["đăng ký thường trú", "làm căn cước ở đâu", "thành công rồi", "hoà bình", "con tôi 12 tuổi", "quang trung thông"]
)
def test_ordinary_words_are_no_places(places: Places, text: str) -> None:
    assert places.find(text) == []


def test_a_shared_name_has_every_meaning(places: Places) -> None:
    (mention,) = places.find("xã Bắc Sơn")
    assert set(mention.slugs) == {"commune:do-luong/bac-son", "commune:quy-hop/bac-son"}


def test_names_alike_without_marks_are_told_apart_by_marks(places: Places) -> None:
    marked = {fold(m.slugs[0]) for m in places.find("xã Nghi Hoa")}
    bare = places.find("xa nghi hoa")[0].slugs
    assert len(marked) == 1 and len(bare) > 1


def test_misspelt_names_are_heard_when_a_place_was_asked_for(places: Places) -> None:
    assert places.find("dien chua") == []
    (mention,) = places.find("dien chua", expected=True)
    assert "district:dien-chau" in mention.slugs and not mention.exact


def test_before_the_reform_a_district_covers_its_town(places: Places) -> None:
    (mention,) = places.find("Diễn Châu")
    assert places.today(mention.slugs, OLD) == ("district:dien-chau",)


def test_since_the_reform_a_district_is_several_units(places: Places) -> None:
    (mention,) = places.find("Diễn Châu")
    choices = places.today(mention.slugs, NEW)
    assert len(choices) > 1 and all(choice.startswith("unit:") for choice in choices)


def test_since_the_reform_an_old_commune_is_its_unit(places: Places) -> None:
    assert places.today(("commune:vinh/nghi-phu",), NEW) == ("unit:vinh-phu",)
    assert places.today(("commune:vinh/nghi-phu",), date(2025, 6, 30)) == ("commune:vinh/nghi-phu",)


def test_positions_hold_in_the_text(places: Places) -> None:
    text = "Nhà em ở XÃ NGHI PHÚ, thành phố Vinh"
    mention = places.find(text)[0]
    assert text[mention.start : mention.end] == "XÃ NGHI PHÚ"
