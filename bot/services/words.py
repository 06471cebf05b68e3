"""Stop and resume words: seen before any understanding, on every channel, with and without diacritics.

Only whole messages count ("hủy đăng ký tạm trú" is a question), and marks are respected where they were typed:
"đúng" and "dùng" fold to the same letters as "dừng", but nobody who writes them asks to stop.
"""

import re
import unicodedata

_STOP = {
    "dừng",
    "dung",
    "stop",
    "hủy",
    "huỷ",
    "huy",
    "dừng lại",
    "dung lai",
    "dừng nhận tin",
    "dung nhan tin",
    "hủy nhận tin",
    "huỷ nhận tin",
    "huy nhan tin",
    "ngừng",
    "ngừng gửi",
    "ngung gui",
    "dừng gửi",
    "dung gui",
}
_RESUME = {"tiếp", "tiep", "tiếp tục nhận tin", "tiep tuc nhan tin", "nhận tin lại", "nhan tin lai"}


def _words(text: str) -> str:
    return " ".join(re.sub(r"[^\w ]+", " ", unicodedata.normalize("NFC", text).lower()).split())


def is_stop(text: str) -> bool:
    """DỪNG, DUNG, STOP, HỦY…"""
    return _words(text) in _STOP


def is_resume(text: str) -> bool:
    """TIẾP, TIEP…"""
    return _words(text) in _RESUME
