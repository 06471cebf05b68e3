"""One spelling for the many ways residents type the same words.

The result is for matching only: lower case, NFC, diacritics where they were typed (or could be told from the way
of typing), short forms written out, Nghệ An's words turned into common ones, emoji and stretched letters gone.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

from vietnamese.lexicon import DIALECT, FOREIGN, NOT_DIALECT, SHORTHAND
from vietnamese.spelling import fold, from_telex, from_vni, is_folded_syllable, is_syllable, old_style_tones, y_for_i

_LINK = re.compile(
    r"https?://\S+|www\.\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:vn|com|net|org|info|top|cc|xyz|online|site|apk|icu|vip|shop|live)\b\S*"
)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\ufe0f\u00ad"))
_TOKEN = re.compile(r"\d+(?:[./,:]\d+)*|[^\W_]+")
# Bases that take a number after them, so "muc2" is "muc 2" and not a VNI tone.
_COUNTED = frozenset(
    "muc lop cap thang quan thu so nam loai buoc tuoi hang to khoi xom doi phan vneid ct c da kt f q t n tang lan dieu".split()
)
_FOREIGN_SYLLABLES = re.compile(r"[fjwz]")


def normalise(text: str) -> str:
    """The one spelling of `text`; words separated by single spaces, punctuation dropped. Idempotent.

    A link becomes the word "link". Never raises, whatever the characters.
    """
    return " ".join(expand(words(text)))


def words(text: str) -> list[str]:
    """The words of `text`, each mended by itself: encoding, tone placement, typing leftovers, stuck words."""
    text = unicodedata.normalize("NFC", text.translate(_INVISIBLE)).lower()
    # Lower-casing İ and the like leaves stray marks; NFC again so that every letter is one character.
    text = unicodedata.normalize("NFC", _LINK.sub(" link ", text))
    tokens = _TOKEN.findall(y_for_i(old_style_tones(text)))
    vni = sum(from_vni(token) != token and _counted(token) is None for token in tokens) > 1
    return [word for token in tokens for word in _mend(token, vni)]


def expand(tokens: list[str]) -> list[str]:
    """Short forms and dialect written out, longest phrase first."""
    # Twice: "mk" next to a word that was itself short is only understood once that word is written out.
    return _substitute(_substitute(tokens, _SHORT), _DIALECT)


def _unstretch(token: str) -> str:
    """Letters held down let go: "quyyyy" → "quy", "dạaa" → "dạ", "ơii" → "ơi"."""
    runs = [list(run) for _, run in groupby(token, key=fold)]
    # Two like letters may be meant ("xoong", Telex "dd"); three, or a marked vowel and its bare echo, never are.
    shorter = "".join(run[0] if len(run) > 2 or run[1:] == [fold(run[0])] != run[:1] else "".join(run) for run in runs)
    single = "".join(run[0] for run in runs)
    return single if not is_syllable(shorter) and not shorter.isascii() and is_syllable(single) else shorter


# Words come again and again; mending each anew was most of the time spelling took.
@lru_cache(maxsize=16384)
def _mend(token: str, vni: bool) -> tuple[str, ...]:
    if token.isdigit() or token in FOREIGN or token in SHORTHAND:
        return (token,)
    token = _unstretch(token)
    if any(c.isdigit() for c in token):
        decoded = from_vni(token) if vni else token
        counted = _counted(token)
        if counted and (decoded == token or len(re.findall(r"\d", token)) < 2):
            return counted
        return (from_vni(token),) if vni or re.search("[6-9]", token) else (token,)
    decoded = from_telex(token)
    if decoded != token or is_syllable(token):
        return (decoded,)
    return _unstick(token)


def _counted(token: str) -> "tuple[str, ...] | None":
    """("mức", "2") for "mức2", None for a word whose digits are not a count."""
    match = re.fullmatch(r"([^\W\d_]+)(\d+)", token)
    if match and token not in FOREIGN and ((fold(match[1]) in _COUNTED and match[1] not in ("ct", "c")) or not match[1].isascii()):
        return (match[1], match[2])
    match = re.fullmatch(r"(\d+)([^\W\d_]{2,})", token)
    return (match[1], match[2]) if match else None


@lru_cache(maxsize=4096)
def _split(token: str) -> "tuple[str, ...] | None":
    """The fewest syllables of two letters or more that make up `token`; None when there is no such way."""
    if is_syllable(token) or (token.isascii() and is_folded_syllable(token)) or token in FOREIGN:
        return (token,)
    best = None
    for cut in range(min(7, len(token) - 2), 1, -1):
        head = token[:cut]
        if not (is_syllable(head) or head == "vneid"):
            continue
        rest = _split(token[cut:])
        if rest and (best is None or len(rest) + 1 < len(best)):
            best = (head, *rest)
    return best


def _unstick(token: str) -> tuple[str, ...]:
    """Words typed without a space between them: "đăngký" → ("đăng", "ký")."""
    if not 5 <= len(token) <= 40 or _FOREIGN_SYLLABLES.search(token):
        return (token,)
    parts = _split(token)
    # Short pieces are more likely a foreign word ("online", "camera") than words run together.
    return parts if parts and len(token) / len(parts) >= 2.5 else (token,)


def _table(entries: "dict[str, str]") -> "tuple[dict[tuple[str, ...], list[str]], int]":
    table = {tuple(y_for_i(key).split()): y_for_i(value).split() for key, value in entries.items()}
    return table, max(map(len, table))


_SHORT = _table(SHORTHAND)
_DIALECT = _table({**DIALECT, **{phrase: phrase for phrase in NOT_DIALECT}})


def _substitute(tokens: list[str], table: "tuple[dict[tuple[str, ...], list[str]], int]") -> list[str]:
    entries, longest = table
    result, at = [], 0
    while at < len(tokens):
        for length in range(min(longest, len(tokens) - at), 0, -1):
            meant = entries.get(tuple(tokens[at : at + length]))
            if meant is not None:
                result += meant
                at += length
                break
        else:
            result.append(tokens[at])
            at += 1
    return result
