"""Tables and the page they are written into."""

from pathlib import Path

import pytest

from bench.kit.tables import PAGE, Table, write_section

TABLE = Table("Turns", ("who", "p99 ms"), (("Loa", "12"), ("stock", "80")))


def test_a_table_in_markdown_has_figures_to_the_right() -> None:
    assert TABLE.markdown() == "**Turns**\n\n| who | p99 ms |\n| --- | ---: |\n| Loa | 12 |\n| stock | 80 |"


def test_only_the_section_of_that_bench_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(
        "# Before\n<!-- bench nlu -->\nold\n<!-- end of bench nlu -->\nbetween\n<!-- bench turn -->\nkept\n<!-- end of bench turn -->\n"
    )
    write_section("nlu", [TABLE], "A note.", page)
    write_section("nlu", [TABLE], "Another note.", page)
    text = page.read_text()
    assert text.startswith("# Before\n<!-- bench nlu -->\nAnother note.\n\n**Turns**")
    assert "old" not in text and "A note." not in text
    assert text.endswith("<!-- end of bench nlu -->\nbetween\n<!-- bench turn -->\nkept\n<!-- end of bench turn -->\n")


def test_a_page_without_the_section_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match="bench nlu"):
        write_section("nlu", [TABLE], "", page)
    assert page.read_text() == "nothing here"


@pytest.mark.parametrize("name", ["nlu", "turn"])
def test_the_page_has_a_place_for_each_bench(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "benchmarks.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    write_section(name, [TABLE], "", copy)
    assert TABLE.markdown() in copy.read_text(encoding="utf-8")
