"""Letters, tones and syllables: what Vietnamese spelling allows, and conversions between ways of writing it."""

import re
import unicodedata
from functools import lru_cache

# Combining marks of the five tones, as NFD writes them: huyền, sắc, ngã, hỏi, nặng.
TONES = "\u0300\u0301\u0303\u0309\u0323"
VOWELS = "aăâeêioôơuưy"

_ONSETS = "b|c|ch|d|đ|g|gh|gi|h|k|kh|l|m|n|ng|ngh|nh|p|ph|qu|r|s|t|th|tr|v|x"
_RHYMES = (
    "a|ac|ach|ai|am|an|ang|anh|ao|ap|at|au|ay|ăc|ăm|ăn|ăng|ăp|ăt|âc|âm|ân|âng|âp|ât|âu|ây|"
    "e|ec|em|en|eng|eo|ep|et|ê|êch|êm|ên|ênh|êp|êt|êu|i|ia|ich|im|in|inh|ip|it|iu|iêc|iêm|iên|iêng|iêp|iêt|iêu|"
    "o|oa|oac|oach|oai|oam|oan|oang|oanh|oao|oap|oat|oay|oăc|oăm|oăn|oăng|oăt|oc|oe|oen|oeo|oet|oi|om|on|ong|ooc|oong|op|ot|"
    "ô|ôc|ôi|ôm|ôn|ông|ôp|ôt|ơ|ơi|ơm|ơn|ơp|ơt|u|ua|uc|ui|um|un|ung|up|ut|uy|uya|uych|uyên|uyêt|uynh|uyp|uyt|uyu|"
    "uân|uâng|uât|uây|uê|uêch|uênh|uơ|uôc|uôi|uôm|uôn|uông|uôt|ư|ưa|ưc|ưi|ưm|ưng|ưt|ưu|ươc|ươi|ươm|ươn|ương|ươp|ươt|ươu|"
    "y|yêm|yên|yêng|yêt|yêu"
)
# "giếng" is gi + êng and "gì" is gi + nothing; both are spelled with one i.
_SYLLABLE = re.compile(rf"(?:(?:{_ONSETS})?(?:{_RHYMES})|gi(?:ê[cnmptu]|êng)?|g(?:in|im|ip|it)|quy(?:ên|êt|nh|t)?)")
_STOPPED = re.compile(r"(?:c|ch|p|t)$")

_DEMARK = re.compile("[" + TONES + "]")


def fold(text: str) -> str:
    """`text` in lower case without any diacritics: "Đăng ký" → "dang ky". Length may change for decomposed input."""
    # đ has no decomposition, so NFD stripping alone would leave it.
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("đ", "d")


def fold_in_place(text: str) -> str:
    """Like `fold`, one character for each of `text`, so that positions found in the result hold in `text`."""
    return "".join(map(_fold_letter, text))


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    return fold(letter)[:1] or " "


def toneless(text: str) -> str:
    """`text` without tones but with its letters (ă â đ ê ô ơ ư): "đường" → "đương"."""
    return unicodedata.normalize("NFC", _DEMARK.sub("", unicodedata.normalize("NFD", text)))


def tone_of(syllable: str) -> str:
    """The combining tone mark of a syllable, or the empty string for the level tone."""
    marks = _DEMARK.findall(unicodedata.normalize("NFD", syllable))
    return marks[0] if marks else ""


def is_syllable(word: str) -> bool:
    """Whether Vietnamese spelling allows this lower-case word, diacritics and all ("muc" with huyền is not allowed)."""
    if not _SYLLABLE.fullmatch(toneless(word)):
        return False
    stopped = _STOPPED.search(fold(word))
    return not stopped or tone_of(word) in ("", "\u0301", "\u0323")


_FOLDED_SYLLABLE = re.compile(
    "(?:" + "|".join(sorted(set(fold(_ONSETS).split("|")), key=len, reverse=True)) + ")?"
    "(?:" + "|".join(sorted(set(fold(_RHYMES).split("|")), key=len, reverse=True)) + ")"
    "|gi(?:e[cnmptu]|eng)?|quy(?:en|et|nh|t)?"
)


def is_folded_syllable(word: str) -> bool:
    """Whether a word without diacritics could be a Vietnamese syllable typed without them."""
    return bool(_FOLDED_SYLLABLE.fullmatch(word))


# New-style placement (hoà, khoẻ, thuý) to old style (hòa, khỏe, thúy); "quý" keeps its place: there u belongs to qu.
_NEW_STYLE = re.compile(rf"(?<![qQ])([oO][aAeE]|[uU][yY])([{TONES}])(?!\w)")


def old_style_tones(text: str) -> str:
    """Moves the tone of open oa, oe, uy to the first vowel, as Nghệ An's papers print it. Returns NFC."""
    decomposed = unicodedata.normalize("NFD", text)
    moved = _NEW_STYLE.sub(lambda m: m.group(1)[0] + m.group(2) + m.group(1)[1], decomposed)
    return unicodedata.normalize("NFC", moved)


_Y_FOR_I = re.compile(r"\b(h|k|l|m|t|qu)([iìíỉĩị])\b")
_I_TO_Y = str.maketrans("iìíỉĩị", "yỳýỷỹỵ")


def y_for_i(text: str) -> str:
    """One spelling for lí/lý, kĩ/kỹ, quí/quý, tỉ/tỷ, mĩ/mỹ: with y. Expects NFC lower case."""
    return _Y_FOR_I.sub(lambda m: m.group(1) + m.group(2).translate(_I_TO_Y), text)


_TELEX_LETTERS = (("dd", "đ"), ("uow", "ươ"), ("aa", "â"), ("aw", "ă"), ("ee", "ê"), ("oo", "ô"), ("ow", "ơ"), ("uw", "ư"))
_TELEX_TONES = {"f": "\u0300", "s": "\u0301", "x": "\u0303", "r": "\u0309", "j": "\u0323"}
_VNI_TONES = {"2": "\u0300", "1": "\u0301", "4": "\u0303", "3": "\u0309", "5": "\u0323"}
_VNI_LETTERS = {"6": {"a": "â", "e": "ê", "o": "ô"}, "7": {"o": "ơ", "u": "ư"}, "8": {"a": "ă"}, "9": {"d": "đ"}}


def place_tone(syllable: str, tone: str) -> str:
    """Puts a combining tone on a toneless syllable, old style: ("hoa", huyền) → "hòa", ("tiên", sắc) → "tiến"."""
    start = len("qu") if syllable.startswith("qu") else len("gi") if re.match(f"gi[{VOWELS}]", syllable) else 0
    spots = [i for i in range(start, len(syllable)) if syllable[i] in VOWELS]
    if not spots:
        return syllable
    marked = [i for i in spots if syllable[i] in "ăâêôơư"]
    closed = spots[-1] < len(syllable) - 1
    if marked:
        spot = marked[-1]
    elif len(spots) == 1:
        spot = spots[0]
    else:
        # Two open vowels take the tone on the first (hòa, tùy, của), closed or three on the second (toàn, ngoài).
        spot = spots[1] if closed or len(spots) > 2 else spots[0]
    return unicodedata.normalize("NFC", syllable[: spot + 1] + tone + syllable[spot + 1 :])


_REAL_OONG = frozenset({"xoong", "boong", "goong", "coong"})


def from_telex(word: str) -> str:
    """A word typed in Telex with the input method off ("ddawng" → "đăng"), or the word itself when it is not one."""
    # Of the syllables in -oong only these few are words; in Telex it is how -ông is typed.
    plain = is_folded_syllable(word) and not ("oong" in word and word not in _REAL_OONG)
    if not word.isascii() or plain or len(word) < 2:
        return word
    match = re.fullmatch(r"([a-z]*?[aeiouyw]+)([fsxrj]?)([a-z]*?)([fsxrj]?)", word)
    if not match:
        return word
    head, middle, tail, final = match.groups()
    if middle and final:
        return word
    letters = head + tail
    if letters.count("d") > 1 and letters.startswith("d") and letters.endswith("d"):
        letters = "d" + letters[:-1]  # "dangwd": the second d typed at the end
    for typed, meant in _TELEX_LETTERS:
        letters = letters.replace(typed, meant)
    letters = letters.replace("uơ", "ươ") if not letters.endswith("uơ") else letters
    if letters.endswith("w"):  # the hook typed after the whole word: "dangw", "duocw"
        letters = re.sub("uo", "ươ", letters[:-1]) if "uo" in letters else re.sub("([auo])", _hook, letters[:-1], count=1)
    decoded = place_tone(letters, _TELEX_TONES.get(middle or final, ""))
    return decoded if decoded != word and is_syllable(decoded) else word


def _hook(match: "re.Match[str]") -> str:
    return {"a": "ă", "o": "ơ", "u": "ư"}[match.group(1)]


def from_vni(word: str) -> str:
    """A word typed in VNI with the input method off ("d9a8ng", "ky1"), or the word itself when it is not one."""
    if not re.fullmatch(r"[a-z]+[a-z1-9]*", word) or not re.search(r"\d", word):
        return word
    letters: list[str] = []
    tone = ""
    for char in word:
        if char in _VNI_TONES:
            tone = tone or _VNI_TONES[char]
        elif char in _VNI_LETTERS:
            table = _VNI_LETTERS[char]
            spots = [i for i, letter in enumerate(letters) if letter in table]
            if not spots:
                return word
            for spot in spots if char == "7" else spots[-1:]:
                letters[spot] = table[letters[spot]]
        else:
            letters.append(char)
    decoded = place_tone("".join(letters), tone)
    return decoded if is_syllable(decoded) else word
