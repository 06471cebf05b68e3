"""What is official: addresses, hotlines and apps (`content/official.yml`), by date."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit

Entry = dict[str, Any]
# What apps make tappable: with or without https://, the latter with an ending that an address is likely to have (not "tiền.Mang").
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:vn|com|net|org|info|xyz|top|cc|online|site|link|me|ly|app|shop|club|vip|asia|biz|icu|io)\b(?:/\S*)?",
    re.IGNORECASE,
)


def in_use(entry: Entry, day: date) -> bool:
    """Whether an entry with `from`/`until` holds on `day`; unknown ends are open."""
    start, until = entry.get("from"), entry.get("until")
    return (start is None or start <= day) and (until is None or day <= until)


class Official:
    def __init__(self, data: dict[str, Any]):
        self.raw = data
        self.hosts: dict[str, Entry] = {entry["host"]: entry for entry in data["domains"]}
        self.fake_hosts: frozenset[str] = frozenset(entry["host"] for entry in data["fake_domains_seen"])

    def is_official(self, url: str) -> bool:
        """Whether a button may link there: https, and the host itself or a parent of it is listed."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        return (
            parts.scheme == "https"
            and parts.port in (None, 443)
            and any(host == known or host.endswith("." + known) for known in self.hosts)
        )

    def strangers(self, text: str) -> Iterator[str]:
        """Addresses in a text for residents that are not official."""
        for found in _ADDRESS.findall(text):
            address = found.rstrip(".,;:!?…)]}”\"'")
            if not self.is_official(address if "://" in address else f"https://{address.removeprefix('www.')}"):
                yield address

    def hotlines(self, topic: str | None = None) -> list[Entry]:
        """Confirmed numbers, most certain first; `topic` as in official.yml (cu_tru, can_cuoc, dinh_danh, dich_vu_cong, lua_dao…)."""
        return [
            entry
            for entry in self.raw["hotlines"]
            if entry["number"] and entry["certainty"] != "low" and (topic is None or topic in entry["topics"])
        ]
