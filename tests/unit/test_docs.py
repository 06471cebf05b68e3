"""The documentation says what is: settings, verbs, links and topics are compared with the code and the content."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path, PurePosixPath

import click
import pytest
import yaml

from bot.__main__ import cli
from bot.bootstrap import LIMITS
from bot.campaigns.library import load_file
from bot.content.library import Library
from bot.content.model import Answer
from bot.settings import PREFIX, ROOT, Settings, example

# A host that serves packages belongs into the machine's configuration (docs/decisions/0007-lockfiles-without-addresses.md).
# Written in pieces, so that this file does not name them either.
REGISTRIES = [
    f"{name}.{top}"
    for name, top in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"), ("deb.debian", "org"),
        ("proxy.golang", "org"), ("crates", "io"), ("ghcr", "io"), ("docker", "io"), ("anaconda", "org"), ("pytorch", "org/whl"),
    )
]  # fmt: skip


@cache
def project_files() -> tuple[Path, ...]:
    """What belongs to the project: everything that .gitignore does not name."""
    made = {line.strip().strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()} | {".git"}
    return tuple(sorted(_below(ROOT, made)))


def _below(folder: Path, made: set[str]) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in made or path.suffix == ".pyc":
            continue
        if path.is_dir():
            yield from _below(path, made)
        else:
            yield path


def pages() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".md"]


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text(page), flags=re.MULTILINE | re.DOTALL)


def rows(page: str) -> dict[str, list[str]]:
    """The tables of a reference page: cells by what stands first in the row, in backticks."""
    found = {}
    for line in text(ROOT / "docs" / "reference" / page).splitlines():
        if match := re.match(r"\| `([^`]+)`", line):
            assert match[1] not in found, f"{page} describes {match[1]} twice"
            found[match[1]] = [cell.strip() for cell in line.strip("|").split("|")]
    return found


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every verb that does something, by the words one types."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            below = command.get_command(context, word)
            assert below, f"{name} {word} is listed and not there"
            yield from commands(below, f"{name} {word}")
    else:
        yield name, command


VERBS = dict(commands(cli, "./loa"))


# --- reference pages


def test_every_verb_has_its_line_and_no_line_is_left_over() -> None:
    assert set(rows("cli.md")) == set(VERBS)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_option_stands_in_the_line_of_its_verb(verb: str) -> None:
    shown = set(re.findall(r"`(--[a-z-]+)", rows("cli.md")[verb][1]))
    real = {param.opts[0] for param in VERBS[verb].params if isinstance(param, click.Option) and not param.hidden}
    assert shown == real - {"--help"}


def test_every_verb_and_option_says_in_its_help_what_it_does() -> None:
    for verb, command in VERBS.items():
        assert command.help, verb
        assert all(param.help for param in command.params if isinstance(param, click.Option)), verb


def test_every_setting_has_its_line_and_no_line_is_left_over() -> None:
    assert set(rows("settings.md")) == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_settings_page_shows_the_real_default(name: str) -> None:
    [line] = re.findall(rf"^#{PREFIX}{name.upper()}=(.*)$", example(), re.MULTILINE)
    assert rows("settings.md")[PREFIX + name.upper()][1].strip("`") == line


def test_the_example_file_is_made_from_the_settings() -> None:
    assert text(ROOT / ".env.example") == example(), "run: .venv/bin/python -m bot.settings > .env.example"


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert not {(page.name, name) for page in pages() for name in re.findall(rf"\b{PREFIX}[A-Z_]+\b", text(page)) if name not in known}


def test_no_page_names_a_verb_that_does_not_exist() -> None:
    called = {(page.name, *words) for page in pages() for words in re.findall(r"\./loa ([a-z]+)(?: ([a-z]+))?", text(page))}
    assert not {call for call in called if not _exists(*call[1:])}


def _exists(verb: str, following: str) -> bool:
    """Whether one can type it; what follows a verb that is no group is its argument."""
    groups = {known.split()[1] for known in VERBS if len(known.split()) == 3}
    if verb in groups and following:
        return f"./loa {verb} {following}" in VERBS
    return verb in groups or f"./loa {verb}" in VERBS


# --- links, topics


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        path = (page.parent / name) if name else page
        if not path.exists() or (heading and heading not in headings(path)):
            broken.append(target)
    assert not broken


def headings(page: Path) -> set[str]:
    """The anchors of a page, made as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_topic_that_a_page_names_exists(library: Library) -> None:
    mentioned = re.compile(rf"\b((?:{'|'.join(library.groups)})/[a-z0-9_]+)\b(?!\.|/)")
    unknown = {(page.name, topic) for page in pages() for topic in mentioned.findall(text(page)) if topic not in library.topics}
    assert not unknown


def test_every_page_of_the_documentation_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        links = (target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)))
        targets = [(page.parent / link).resolve() for link in links if link and ":" not in link]
        ahead += [target for target in targets if target.suffix == ".md"]
        # A link to a folder, as to docs/decisions/, leads to every page in it.
        ahead += [below for target in targets if target.is_dir() for below in target.glob("*.md")]
    assert not {str(page.relative_to(ROOT)) for page in pages() if page.is_relative_to(ROOT / "docs")} - {
        str(page.relative_to(ROOT)) for page in reached
    }


# --- what staff copy from their manual


def blocks(page: Path) -> list[str]:
    """The YAML examples of a page."""
    return re.findall(r"^```yaml\n(.*?)^```$", text(page), flags=re.MULTILINE | re.DOTALL)


def test_the_campaign_in_the_manual_is_one(library: Library, tmp_path: Path) -> None:
    [example] = [block for block in blocks(ROOT / "README.vi.md") if block.startswith("id: ")]
    file = tmp_path / f"{yaml.safe_load(example)['id']}.yml"
    file.write_text(example, encoding="utf-8")
    assert load_file(library, file, LIMITS)[1] == []


def test_the_periods_in_the_manual_are_answers_that_touch() -> None:
    [example] = [block for block in blocks(ROOT / "README.vi.md") if "answers:" in block]
    old, new = (Answer.model_validate(answer) for answer in yaml.safe_load(example)["answers"])
    assert old.start is None and new.until is None
    assert old.until and new.start == old.until + timedelta(days=1)


# --- README, decisions, the project as a whole


def test_the_readme_starts_with_the_two_commands() -> None:
    before, block = text(ROOT / "README.md").split("```", 2)[:2]
    typed = [line.split("#")[0].strip() for line in block.splitlines()[1:]]
    assert [line for line in typed if line] == ["./loa up", "./loa test"]
    assert len(before.splitlines()) <= 8


def test_decisions_have_their_five_parts_and_a_number_each() -> None:
    numbers = []
    for page in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        numbers.append(page.name[:4])
        parts = re.findall(r"^## (.+)$", text(page), re.MULTILINE)
        assert parts == ["Context", "Decision", "Rationale", "Status", "Consequences"], page.name
        assert text(page).startswith(f"# {page.name[:4]}. "), page.name
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_no_registry_is_named() -> None:
    """Nor an index option: `--index-url` in a lock file would be one."""
    named = re.compile("|".join(map(re.escape, REGISTRIES)) + r"|^--(?:extra-)?index-url|^--find-links", re.MULTILINE)
    found = set()
    for path in project_files():
        try:
            if named.search(text(path)):
                found.add(PurePosixPath(path.relative_to(ROOT)))
        except UnicodeDecodeError:  # a picture
            continue
    assert not found
