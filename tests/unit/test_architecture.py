"""The rooms of docs/architecture.md, and which may import which: read from the sources, nothing is run."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.settings import ROOT

LEAVES = frozenset({"clock", "errors", "logs", "messages", "metrics", "parts", "settings", "tasks", "text"})
# The contract of channels: pure, so the rooms above may know it without knowing any channel.
CONTRACT = frozenset({"channels.base", "channels.fit"})

# room: what of bot/ it may import besides itself and the leaves.
ROOMS: dict[str, frozenset[str]] = {
    "content": frozenset(),
    "dialogue": frozenset({"content"}),
    "campaigns": frozenset({"content", "dialogue", "channels.fit"}),
    "channels": frozenset(),
    "understanding": frozenset({"dialogue.acts"}),
    "store": frozenset({"campaigns"}),
    "services": frozenset({"content", "dialogue", "campaigns", "store", "understanding.client"}) | CONTRACT,
    "web": frozenset({"content", "dialogue", "services", "channels.web"}),
    "evaluation": frozenset({"content", "understanding.supervisor"}),
}
# These wire the others together or are wired by nobody: they may import everything below them.
WIRING = frozenset({"__init__", "__main__", "bootstrap", "cli", "serve"})

PURE = ("content", "dialogue", "campaigns")
OUTSIDE_WORLD = frozenset(
    {"aiohttp", "aiosqlite", "fastapi", "httpx", "psycopg", "redis", "requests", "sqlalchemy", "starlette", "telegram", "uvicorn"}
)
# The type of an open transaction is handed through services; statements are made in the store.
TRANSACTION = "sqlalchemy.ext.asyncio.AsyncConnection"
RUNS_STATEMENTS = frozenset({"exec_driver_sql", "execute", "executemany", "scalar", "scalars", "stream"})


def modules(package: str) -> list[str]:
    """Dotted names of every module of a top-level package."""
    paths = sorted((ROOT / package).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def source(module: str) -> Path:
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(source(module).read_text(encoding="utf-8"))


@cache
def imports(module: str) -> frozenset[str]:
    """Everything a module imports, also inside functions, as dotted names: a module where one is meant, else module.name."""
    return frozenset(_imports(module))


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively; name the module in full"
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, places: frozenset[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def of_bot(module: str) -> set[str]:
    """What a module imports of bot/, without the leading `bot.`."""
    return {name.removeprefix("bot.") for name in imports(module) if name.startswith("bot.")}


def outside(module: str) -> set[str]:
    """Top-level packages a module imports that are neither ours nor Python's own."""
    tops = {name.split(".")[0] for name in imports(module)}
    return tops - sys.stdlib_module_names - {"bot", "nlu", "vietnamese"}


def test_every_room_has_its_rule() -> None:
    rooms = {room(module) for module in modules("bot")}
    assert rooms == set(ROOMS) | LEAVES | WIRING


@pytest.mark.parametrize("name", sorted(ROOMS))
def test_a_room_imports_only_what_stands_below_it(name: str) -> None:
    allowed = ROOMS[name] | LEAVES | {name}
    wrong = {
        module: strays
        for module in modules("bot")
        if room(module) == name and (strays := {i for i in of_bot(module) if not within(i, allowed)})
    }
    assert not wrong


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_leaves_import_only_leaves(name: str) -> None:
    assert not {imported for imported in of_bot(f"bot.{name}") if not within(imported, LEAVES)}


@pytest.mark.parametrize("name", PURE)
def test_pure_rooms_reach_no_network_database_or_platform(name: str) -> None:
    assert not {module: found for module in modules("bot") if room(module) == name and (found := outside(module) & OUTSIDE_WORLD)}


def test_the_contract_of_channels_is_pure() -> None:
    for module in sorted(CONTRACT):
        assert not outside(f"bot.{module}"), f"bot.{module} needs a library"
        assert all(within(name, LEAVES | CONTRACT) for name in of_bot(f"bot.{module}"))


def test_a_channel_knows_no_other_channel() -> None:
    """`telegram_updates` belongs to `telegram`: what stands before the first underscore is the channel."""
    wrong = set()
    for module in (module for module in modules("bot.channels".replace(".", "/")) if module != "bot.channels"):
        own = module.split(".")[2].split("_")[0]
        others = {name for name in of_bot(module) if name.startswith("channels.") and not within(name, CONTRACT)}
        wrong |= {(module, name) for name in others if name.split(".")[1].split("_")[0] != own}
    assert not wrong


def test_only_telegrams_own_files_know_telegram() -> None:
    knowing = {module for module in modules("bot") if "telegram" in outside(module)}
    assert knowing
    assert all(module.startswith("bot.channels.telegram") for module in knowing)


def test_only_the_store_makes_statements() -> None:
    """Elsewhere a transaction may be opened and handed on, nothing more."""
    for module in modules("bot"):
        if room(module) != "store":
            assert {name for name in imports(module) if name.startswith(("sqlalchemy", "alembic"))} <= {TRANSACTION}, module


def test_only_the_store_runs_statements() -> None:
    assert not {module for module in modules("bot") if room(module) != "store" and _runs_statements(module)}


def _runs_statements(module: str) -> bool:
    calls = (node.func for node in ast.walk(tree(module)) if isinstance(node, ast.Call))
    return any(
        isinstance(call, ast.Attribute) and call.attr in RUNS_STATEMENTS and isinstance(call.value, ast.Name) and "conn" in call.value.id
        for call in calls
    )


def test_only_settings_reads_our_environment() -> None:
    """Who needs a value gets it handed; the supervisor and the test verb only pass the whole environment on to a child."""
    passes_on = {"bot.settings", "bot.understanding.supervisor", "bot.cli.checks"}
    assert not {module for module in modules("bot") if module not in passes_on and _reads_environment(module)}


def _reads_environment(module: str) -> bool:
    nodes = list(ast.walk(tree(module)))
    # `os.environ["X"] = …` only tells a library something.
    written = {id(node.value) for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)}
    return any(isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and id(node) not in written for node in nodes)


def test_nothing_imports_what_starts_the_process_but_the_door() -> None:
    importers = {module for module in modules("bot") if any(name.startswith("serve.") or name == "serve" for name in of_bot(module))}
    assert importers == {"bot.cli.up"}


def test_neither_side_of_the_wire_to_rasa_imports_the_other() -> None:
    assert not {module for module in modules("nlu") if any(name.split(".")[0] == "bot" for name in imports(module))}
    assert not {module for module in modules("bot") if any(name.split(".")[0] in ("nlu", "rasa", "rasa_sdk") for name in imports(module))}


def test_vietnamese_needs_the_standard_library_and_rapidfuzz_only() -> None:
    for module in modules("vietnamese"):
        assert outside(module) <= {"rapidfuzz"}, module
        assert not {name for name in imports(module) if name.split(".")[0] in ("bot", "nlu")}, module


@pytest.mark.parametrize("package", ["nlu", "vietnamese"])
def test_what_rasas_python_runs_is_python_3_10(package: str) -> None:
    for module in modules(package):
        ast.parse(source(module).read_text(encoding="utf-8"), feature_version=(3, 10))


def test_no_module_imports_itself_in_a_circle() -> None:
    """Inside one room too: a circle would make the order of imports matter."""
    known = set(modules("bot"))
    below = {module: {owner for name in imports(module) if (owner := _owner(name, known)) and owner != module} for module in known}
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module not in done:
            for other in sorted(below[module]):
                walk(other, (*path, module))
            done.add(module)

    for module in sorted(known):
        walk(module, ())


def _owner(name: str, known: set[str]) -> str | None:
    """The module an imported name comes from: itself, or the one it is a name of."""
    return name if name in known else parent if (parent := name.rpartition(".")[0]) in known else None
