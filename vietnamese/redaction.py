"""Private numbers in free text: found, named and replaced before anything reaches a disk or a log."""

import re
from collections.abc import Iterator

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Digits as people write them: with single spaces, dots or dashes between groups.
_NUMBER = re.compile(r"(?<![\w/])\+?\d(?:[ .\-]?\d){5,24}(?!\w|/\d)")
_DATE = re.compile(r"\d{1,2}[ .\-]\d{1,2}[ .\-](?:19|20)\d\d|(?:19|20)\d\d-\d\d?-\d\d?|(?:19|20)\d\d ?- ?(?:19|20)\d\d")
_HOTLINE = re.compile(r"1[89]00\d{4,6}")
_MONEY = re.compile(r"\s*(?:đồng|dong|đ|vnđ|vnd|k|nghìn|nghin|ngàn|triệu|trieu|tr)\b", re.IGNORECASE)
_ACCOUNT_BEFORE = re.compile(
    r"(?:stk|số tài khoản|so tai khoan|tài khoản|tai khoan|tk|số thẻ|so the)\W*(?:số|so|là|la)?\W*$", re.IGNORECASE
)

# What stands in the redacted text.
LABELS = {"email": "[email]", "phone": "[số điện thoại]", "id_number": "[số giấy tờ]", "account": "[số tài khoản]"}


def find_private(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of every private value, left to right; kind is phone, id_number, account or email.

    Public hotlines (1900…, 1800…), dates and amounts of money are left alone. A number of nine or more digits
    that is none of these counts as an account: better one redaction too many.
    """
    found = [(m.start(), m.end(), "email") for m in _EMAIL.finditer(text)]
    for match in _NUMBER.finditer(text):
        if any(start <= match.start() < end for start, end, _ in found):
            continue
        kind = _kind(text, match)
        if kind:
            found.append((match.start(), match.end(), kind))
    return iter(sorted(found))


def redact(text: str) -> str:
    """`text` with private values replaced by what they were: "gọi 0912 345 678" → "gọi [số điện thoại]"."""
    parts, at = [], 0
    for start, end, kind in find_private(text):
        parts += [text[at:start], LABELS[kind]]
        at = end
    return "".join(parts) + text[at:]


def _kind(text: str, match: "re.Match[str]") -> "str | None":
    typed = match.group()
    digits = re.sub(r"\D", "", typed)
    if _DATE.fullmatch(typed) or _HOTLINE.fullmatch(digits) or _MONEY.match(text, match.end()):
        return None
    if _ACCOUNT_BEFORE.search(text, max(0, match.start() - 30), match.start()):
        return "account"
    if re.fullmatch(r"0[35789]\d{8}|84[35789]\d{8}|02\d{8,9}|842\d{8,9}", digits):
        return "phone"
    if len(digits) in (9, 12) and not typed.startswith("+"):
        return "id_number"
    return "account" if len(digits) >= 8 else None
