"""Ways of understanding questions, trained on the same examples. Runs in Rasa's environment (Python 3.10).

A contender is a module function pair `train(folder)` and `load(folder)`; what `load` returns takes one text and gives a
line as `loa parse` writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

Understand = Callable[[str], "dict[str, Any]"]


class Contender(NamedTuple):
    """`train` fills a folder; `load` makes the trained thing of it."""

    train: Callable[[Path], None]
    load: Callable[[Path], Understand]


def contender(name: str, epochs: int = 100) -> Contender:
    """By its name on the command line. `epochs`: of stock Rasa's training, 100 is its own default. Raises KeyError.

    Imports only what it needs, so that memory is its own.
    """
    if name == "plain":
        from bench.contenders import plain

        return Contender(plain.train, plain.load)
    if name in ("stock", "stock-dialogue"):
        from bench.contenders import stock

        return Contender(partial(stock.train, dialogue=name == "stock-dialogue", epochs=epochs), stock.load)
    if name == "ours-embeddings":
        from bench.contenders import embedded

        return Contender(embedded.train, embedded.load)
    from bench.contenders import ours

    return Contender(partial(ours.train, changes=ours.VARIANTS[name]), ours.load)
