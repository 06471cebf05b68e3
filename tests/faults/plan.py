"""What goes wrong in a run, drawn from a seed: the same seed is the same plan, though processes never run twice alike.

Kinds of mishap are dealt like cards, so that a few runs in a row hold every kind, each at a random moment and of a random size.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, islice

SENDING, CLOCK = ("bot", "sender"), ("bot", "scheduler")  # processes that send, and those that plan and fill

PROCESSES = ("kill bot", "kill sender", "kill scheduler", "power cut", "stop", "freeze")
ANSWERS = ("429 storm", "5xx", "reset", "torn", "late", "slow", "slow loris", "wrong json")
ALWAYS = (*PROCESSES, *ANSWERS, "outage")
DATABASE = {"sqlite": ("full disk",), "postgresql": ("cut connections", "kill backend", "restart database")}
# Each process keeps its own pace on SQLite; several machines share it in Redis.
ENGINES = {"sqlite": (*ALWAYS, *DATABASE["sqlite"]), "postgresql": (*ALWAYS, *DATABASE["postgresql"], "restart redis")}
WRONG_JSON = ("<!doctype html>", "", "null", "[]", '{"ok":true}', '{"ok":false}', '{"ok":true,"result":[]}', '{"ok":true,"result":{"mess')

HAND = 11  # mishaps in a run, the first of them while the ledger is being filled
SHORT, LONG = 180, 80  # residents of a run, with messages in one piece and in two


@dataclass(frozen=True)
class Mishap:
    """`at`: once this share of the audience has it. `who`: the process struck. `times`: answers spoilt. `seconds`: how long it lasts.

    `meanwhile`: a sender is killed in the middle of it.
    """

    kind: str
    at: float
    who: str
    times: int
    seconds: float
    answer: str
    meanwhile: bool

    def __str__(self) -> str:
        about = f" {self.who}" if self.kind in ("stop", "freeze") else f" ×{self.times}" if self.kind in ANSWERS else ""
        return f"{self.kind}{about}{' + kill' if self.meanwhile else ''} at {self.at:.0%}"


@dataclass(frozen=True)
class Plan:
    """`filling` strikes while the ledger is written, `mishaps` while it is sent. `leaving`: the n-th residents say stop, `at` which share."""

    name: str
    residents: int
    pieces: int
    lag: float
    filling: Mishap
    mishaps: tuple[Mishap, ...]
    leaving: tuple[tuple[float, int], ...]

    def __str__(self) -> str:
        return f"{self.name} ({self.residents}×{self.pieces}): {', '.join(map(str, (self.filling, *self.mishaps)))}"


def plan(seed: str, number: int, engine: str) -> Plan:
    """The `number`-th run of a seed on an engine (`sqlite`, `postgresql`)."""
    dealing, dice = random.Random(f"{seed} {engine}"), random.Random(f"{seed} {engine} {number}")
    hand = next(islice(batched(_deal(dealing, ENGINES[engine]), HAND - 1), number, None))
    pieces = 2 if dice.random() < 0.25 else 1
    residents = LONG if pieces > 1 else SHORT
    return Plan(
        f"{engine}-{seed}-{number}",
        residents,
        pieces,
        lag=dice.uniform(0.0, 0.15),
        filling=_mishap(dice, dice.choice(("kill scheduler", "power cut", "freeze", *DATABASE[engine])), CLOCK, 0.0),
        mishaps=tuple(_mishap(dice, kind, SENDING, at) for kind, at in zip(hand, sorted(dice.uniform(0.02, 0.9) for _ in hand))),
        leaving=tuple(sorted((dice.uniform(0, 0.9), chat) for chat in dice.sample(range(residents), dice.randint(1, 8)))),
    )


def _deal(dealing: random.Random, kinds: Sequence[str]) -> Iterator[str]:
    """Endless decks, each shuffled anew."""
    while True:
        yield from dealing.sample(kinds, len(kinds))


def _mishap(dice: random.Random, kind: str, who: Sequence[str], at: float) -> Mishap:
    storm = kind == "429 storm"
    return Mishap(
        kind,
        at,
        dice.choice(who),
        times=dice.randint(8, 30) if storm else dice.randint(1, 6),
        seconds=dice.uniform(0.1, 1.2),
        answer=dice.choice(WRONG_JSON),
        meanwhile=kind in ("full disk", "restart database", "restart redis", "outage") and dice.random() < 0.5,
    )
