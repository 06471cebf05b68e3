"""Telegram's HTML mode, read as its server reads it: the same tags, the same named entities, the same complaints.

The server counts entity offsets in UTF-16 units and error offsets in bytes of UTF-8.
"""

import html
import re
from typing import Any

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ENTITY = re.compile(r"&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|([a-z]+));?")
_TOKEN = re.compile(r"[<&]")


def utf16(text: str) -> int:
    """Length in UTF-16 code units, Telegram's measure."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """The plain text and its entities. Raises ValueError with the server's words."""
    if not _TOKEN.search(source):
        return source, []
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: str):
        self.source, self.at = source, 0
        self.out: list[str] = []
        self.length = 0
        self.open: list[tuple[str, int, str]] = []  # tag, offset, link address
        self.entities: list[dict[str, Any]] = []

    def read(self) -> tuple[str, list[dict[str, Any]]]:
        while found := _TOKEN.search(self.source, self.at):
            self._emit(self.source[self.at : found.start()])
            self.at = found.start()
            if self.source[self.at] == "&":
                self._character()
            elif self.source.startswith("</", self.at):
                self._end_tag()
            else:
                self._start_tag()
        self._emit(self.source[self.at :])
        if self.open:
            raise ValueError(f'Can\'t find end tag corresponding to start tag "{self.open[-1][0]}"')
        return "".join(self.out), sorted(self.entities, key=lambda entity: (entity["offset"], -entity["length"]))

    def _emit(self, text: str) -> None:
        self.out.append(text)
        self.length += utf16(text)

    def _character(self) -> None:
        """A known entity is its character; anything else is an ampersand like any other."""
        found = _ENTITY.match(self.source, self.at)
        decoded = ""
        if found:
            decimal, hexadecimal, name = found.groups()
            decoded = _NAMED.get(name, "") if name else html.unescape(f"&#{decimal};" if decimal else f"&#x{hexadecimal};")
        self._emit(decoded or "&")
        self.at = found.end() if found and decoded else self.at + 1

    def _start_tag(self) -> None:
        begin = self.at
        found = re.compile(r"<([^\s>]*)([^>]*)>").match(self.source, begin)
        if not found:
            raise ValueError(f"Unclosed start tag at byte offset {self._bytes(begin)}")
        tag, attributes = found.group(1).lower(), found.group(2)
        if tag not in _TYPES:
            raise ValueError(f'Unsupported start tag "{tag}" at byte offset {self._bytes(begin)}')
        if tag == "span" and "tg-spoiler" not in attributes:
            raise ValueError(f'Tag "span" must have class "tg-spoiler" at byte offset {self._bytes(begin)}')
        link = re.search(r"""href\s*=\s*["']?([^"'\s]+)""", attributes)
        self.open.append((tag, self.length, html.unescape(link.group(1)) if link else ""))
        self.at = found.end()

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise ValueError(f"Unexpected end tag at byte offset {self._bytes(begin)}")
        found = re.compile(r"</([^\s>]*)\s*>").match(self.source, begin)
        if not found:
            raise ValueError(f"Unclosed end tag at byte offset {self._bytes(begin)}")
        tag, offset, link = self.open.pop()
        if found.group(1) and found.group(1) != tag:
            raise ValueError(f'Unmatched end tag at byte offset {self._bytes(begin)}, expected "</{tag}>", found "</{found.group(1)}>"')
        self.at = found.end()
        if self.length > offset:
            entity = {"type": _TYPES[tag], "offset": offset, "length": self.length - offset}
            self.entities.append({**entity, "url": link} if tag == "a" else entity)

    def _bytes(self, position: int) -> int:
        return len(self.source[:position].encode())
