"""Text measured and cut as platforms measure it."""

import re
from typing import Literal

Unit = Literal["utf16", "chars"]
# Where a long text may be cut, best first: blank line, line end, sentence end, word end.
_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…:;])\s"), re.compile(r"\s"))


def length(text: str, unit: Unit) -> int:
    """In UTF-16 code units (an emoji is two) or code points."""
    return len(text) if unit == "chars" else len(text.encode("utf-16-le")) // 2


def split(text: str, limit: int, unit: Unit) -> list[str]:
    """Cut `text` into pieces of at most `limit`, at the end of a paragraph, line, sentence or word where there is one."""
    pieces = []
    rest = text.strip()
    while length(rest, unit) > limit:
        head = _prefix(rest, limit, unit)
        cut = _best_cut(head)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest or not pieces:
        pieces.append(rest)
    return pieces


def shorten(text: str, limit: int, unit: Unit = "chars") -> str:
    """`text`, or as much of it as fits with an ellipsis."""
    return text if length(text, unit) <= limit else _prefix(text, limit - 1, unit).rstrip() + "…"


def _prefix(text: str, limit: int, unit: Unit) -> str:
    if unit == "chars":
        return text[:limit]
    return text.encode("utf-16-le")[: limit * 2].decode("utf-16-le", errors="ignore")


def _best_cut(head: str) -> int:
    for pattern in _BREAKS:
        ends = [match.start() for match in pattern.finditer(head) if match.start() > len(head) // 3]
        if ends:
            return ends[-1]
    return len(head)
