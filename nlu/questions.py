"""Where the questions are in a message: sentences, several questions at once, the one inside a story."""

import re

from vietnamese import fold

_LONG = 25  # words; a message longer than this and of several sentences is a story
_SHORTEST = 2  # words of a question
_END = re.compile(r"(?<=[.!?…;])\s+|\n+|(?<=\?)")
_JOINED = re.compile(
    r"[,.]?\s+(?:với lại|ngoài ra|tiện thể|cho hỏi thêm|hỏi thêm|đồng thời|voi lai|ngoai ra|tien the|hoi them|dong thoi)\s+", re.I
)
_ASKS = re.compile(
    r"\?|\b(?:gi|dau|sao|nao|may|bao nhieu|bao lau|bao gio|the nao|khong|ko|k|hok|chua|a|mo|rang|chi|ha|nhi|hoi|phai khong|duoc khong|ntn|j|bn)\W*$|"
    r"\b(?:cho hoi|xin hoi|lam sao|o dau|the nao|bao nhieu|bao lau|can gi|nhu nao|huong dan|mat gi|lam gi)\b"
)


def sentences(text: str) -> "list[str]":
    """The sentences of `text`, in order, without empty ones."""
    return [sentence.strip() for sentence in _END.split(text) if sentence.strip(" .,!?;…")]


def questions(text: str) -> "list[str]":
    """The questions of a short message that asks several; [] when it seems to ask one, or tells a story."""
    if len(text.split()) > 2 * _LONG:
        return []
    pieces = [piece for sentence in sentences(text) for piece in _JOINED.split(sentence)]
    asked = [piece for piece in pieces if len(piece.split()) >= _SHORTEST and _ASKS.search(fold(piece))]
    return asked if len(asked) > 1 else []


def asking_passage(text: str) -> "str | None":
    """In a story, the last sentence that asks; None when the text is no story."""
    told = sentences(text)
    if len(text.split()) <= _LONG or len(told) < 2:
        return None
    return next((sentence for sentence in reversed(told) if _ASKS.search(fold(sentence))), told[-1])
