"""Where the questions are in a message: sentences, several questions at once, the one inside a story."""

import re

from vietnamese import fold
from vietnamese.spelling import fold_in_place

_LONG = 25  # words; a message longer than this and of several sentences is a story
_SHORTEST = 2  # words of a question
_LEAST_POINT = 3  # words of what is left after courtesies
_POINT = re.compile(
    r"\bcho (?:\w+ )?hoi(?: them)?(?: la)?\W+|\bxin hoi\W+|^\W*(?:xin )?(?:chao|cam on|da|alo)\b[^,.!?]{0,30}[,.!?]\s*", re.IGNORECASE
)
_END = re.compile(r"(?<=[.!?…;])\s+|\n+|(?<=\?)")
_JOINED = re.compile(
    r"[,.]?\s+(?:với lại|ngoài ra|tiện thể|cho hỏi thêm|hỏi thêm|đồng thời|voi lai|ngoai ra|tien the|hoi them|dong thoi)\s+", re.I
)
_MARK = re.compile(r"\?")
_ASKS = re.compile(
    r"\?|\b(?:gi|dau|sao|nao|may|bao nhieu|bao lau|bao gio|the nao|khong|ko|k|hok|chua|a|mo|rang|chi|ha|nhi|hoi|phai khong|duoc khong|ntn|j|bn)\W*$|"
    r"\b(?:cho hoi|xin hoi|lam sao|o dau|the nao|bao nhieu|bao lau|can gi|nhu nao|huong dan|mat gi|lam gi)\b"
)
_HELLO = re.compile(r"\b(?:khoe (?:khong|ko|k)|co ai (?:\w+ ){0,2}(?:khong|ko|k))\b")
# Wishing to know without asking: "nhờ chỉ giúp", "đang lo không biết".
_WISHES = re.compile(
    r"\b(?:(?:muon|can|khong|chua|ko|k) (?:biet|hoi)|hoi giup|thac mac|phan van|ban khoan|(?:chua|khong) ro|"
    r"(?:chi|bay|mach) (?:giup|voi|bao)|giai thich|nho (?:\w+ ){0,3}(?:chi|giup|huong|bay))\b"
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


def asks(text: str) -> bool:
    """Whether `text` asks, by its mark or its words, rather than telling something."""
    return bool(_ASKS.search(fold(text)))


def is_story(text: str) -> bool:
    """Whether `text` is long and of several sentences."""
    return len(text.split()) > _LONG and len(sentences(text)) > 1


def after_courtesies(text: str) -> "str":
    """`text` from where it comes to the point: after thanks, a greeting, who is asking. The whole, if nothing is left of it."""
    found = _POINT.search(fold_in_place(text))
    rest = text[found.end() :] if found else text
    return rest if len(rest.split()) >= _LEAST_POINT else text


def asking_sentences(text: str) -> "list[str]":
    """The sentences of a story that ask most plainly: with a question mark, else by their words, else wishing to know, else its last.

    [] when the text is no story.
    """
    if not is_story(text):
        return []
    told = sentences(text)
    told = [sentence for sentence in told if not _HELLO.search(fold(sentence))] or told
    for sign in (_MARK, _ASKS, _WISHES):
        if found := [sentence for sentence in told if sign.search(fold(sentence))]:
            return found
    return told[-1:]
