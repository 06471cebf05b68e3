"""Copies of the examples typed the other ways residents type: made at training time, never written to disk."""

import random
import re
from collections.abc import Callable

from vietnamese import fold
from vietnamese.lexicon import DIALECT, SHORTHAND
from vietnamese.spelling import toneless


def _reverse(table: "dict[str, str]") -> "dict[str, list[str]]":
    reverse: dict[str, list[str]] = {}
    for short, long in table.items():
        if not short.isascii() or " " not in short:
            reverse.setdefault(long, []).append(short)
    return reverse


_SHORTER = _reverse(SHORTHAND)
_DIALECT = _reverse({k: v for k, v in DIALECT.items() if not k.isascii()})
_LONGEST = 4
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "g": "fh", "h": "gj", "i": "uo", "k": "jl", "l": "ko", "m": "n",
    "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "x": "zc", "y": "tu",
}  # fmt: skip
# Sounds Nghệ An and careless spelling mix up.
_CONFUSED = [("ngh", "ng"), ("tr", "ch"), ("s", "x"), ("d", "gi"), ("gi", "d"), ("r", "d"), ("ch", "tr"), ("x", "s"), ("l", "n")]


def copies(text: str, rng: random.Random, amount: float = 1.0) -> "list[str]":
    """Variants of `text`, `amount` on average: without diacritics, shortened, in dialect, with slips, or two of these."""
    count = int(amount) + (rng.random() < amount % 1)
    made = dict.fromkeys(rng.choice(_WAYS)(text, rng) for _ in range(count))
    return [copy for copy in made if copy != text]


def shorten(text: str, rng: random.Random) -> str:
    """Some words as in a text message: "không được" → "ko dc"."""
    return _respell(text, _SHORTER, rng, 0.6)


def dialect(text: str, rng: random.Random) -> str:
    """Some words as said in Nghệ An: "làm gì" → "mần chi"."""
    return _respell(text, _DIALECT, rng, 0.8)


def slip(text: str, rng: random.Random) -> str:
    """One to three typing mistakes: a missing, doubled, swapped or neighbouring letter, a lost or wrong tone, a lost space."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        words = text.split(" ")
        at = rng.randrange(len(words))
        words[at] = _misspell(words[at], rng)
        text = " ".join(words)
        if rng.random() < 0.15:
            text = text.replace(" ", "", 1) if rng.random() < 0.5 else _join_somewhere(text, rng)
    return text


def _join_somewhere(text: str, rng: random.Random) -> str:
    gaps = [match.start() for match in re.finditer(" ", text)]
    if not gaps:
        return text
    at = rng.choice(gaps)
    return text[:at] + text[at + 1 :]


def _respell(text: str, table: "dict[str, list[str]]", rng: random.Random, chance: float) -> str:
    words, result, at = text.lower().split(), [], 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            forms = table.get(" ".join(words[at : at + length]))
            if forms and rng.random() < chance:
                result.append(rng.choice(forms))
                at += length
                break
        else:
            result.append(words[at])
            at += 1
    return " ".join(result)


def _misspell(word: str, rng: random.Random) -> str:
    if len(word) < 2 or not word.isalpha():
        return word
    at = rng.randrange(len(word))
    kind = rng.randrange(6)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1 and at + 1 < len(word):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 2:
        near = _NEIGHBOURS.get(fold(word[at])[:1])
        return word[:at] + rng.choice(near) + word[at + 1 :] if near else word
    if kind == 3:
        return toneless(word)
    if kind == 4:
        for good, bad in rng.sample(_CONFUSED, len(_CONFUSED)):
            if word.startswith(good):
                return bad + word[len(good) :]
    return fold(word)


def _bare(way: Callable[[str, random.Random], str]) -> Callable[[str, random.Random], str]:
    return lambda text, rng: fold(way(text, rng))


# Half the copies are without diacritics: so type most of the young, and the features must not lean on marks.
_WAYS = [lambda text, rng: fold(text), lambda text, rng: fold(text), shorten, _bare(shorten), dialect, slip, slip, _bare(slip)]
