"""Trouble on demand: what happens to the next calls of a method to a chat instead of, or after, doing them."""

from dataclasses import dataclass
from typing import Any

from tests.doubles.bot_api_parts.errors import ApiError, too_many


@dataclass
class Fault:
    """`deliver`: the call is done before the trouble. `wait`: seconds before the answer. `close`: no answer at all.

    `torn`: the answer breaks off in the middle. `drip`: seconds between its bytes.
    """

    method: str | None = None
    chat: int | None = None
    times: int = 1
    deliver: bool = False
    wait: float = 0.0
    close: bool = False
    status: int = 0
    body: bytes = b""
    skip: int = 0
    torn: bool = False
    drip: float = 0.0

    def fits(self, method: str, chat: int | None) -> bool:
        return (self.method is None or self.method.lower() == method) and (self.chat is None or self.chat == chat)


def make(
    kind: str,
    *,
    status: int = 500,
    description: str = "Internal Server Error",
    retry_after: int = 1,
    wait: float = 3600.0,
    deliver: bool = False,
    body: str = "<!doctype html>",
    drip: float = 1.0,
    **where: Any,
) -> Fault:
    """A fault by name; `where` is method, chat, times, skip (calls that pass first).

    too_many       429 with `retry_after`, nothing delivered
    error          `status` and `description`, nothing delivered unless `deliver`
    bad_gateway    502 with an HTML page, nothing delivered unless `deliver`
    malformed      200 with `body`, which is not what was asked for; delivered
    deliver_late   delivered, answered `wait` seconds later
    deliver_close  delivered, then the connection is closed without an answer
    torn           delivered, then the connection is cut in the middle of the answer
    close          the connection is closed, nothing delivered
    slow           done and answered properly, after `wait` seconds
    slow_loris     delivered and answered properly, a byte every `drip` seconds
    """
    match kind:
        case "too_many":
            return Fault(status=429, body=too_many(retry_after).body(), **where)
        case "error":
            return Fault(status=status, body=ApiError(status, description).body(), deliver=deliver, **where)
        case "bad_gateway":
            return Fault(status=502, body=b"<html><body><h1>502 Bad Gateway</h1></body></html>", deliver=deliver, **where)
        case "malformed":
            return Fault(status=200, body=body.encode(), deliver=True, **where)
        case "deliver_late" | "slow":
            return Fault(wait=wait, deliver=kind == "deliver_late", **where)
        case "deliver_close":
            return Fault(close=True, deliver=True, **where)
        case "torn":
            return Fault(torn=True, deliver=True, **where)
        case "slow_loris":
            return Fault(drip=drip, deliver=True, **where)
        case "close":
            return Fault(close=True, **where)
    raise ValueError(f"there is no fault {kind!r}")


class Faults:
    """Those still to come, first set first met."""

    def __init__(self) -> None:
        self._coming: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._coming.append(fault)

    def clear(self) -> None:
        self._coming.clear()

    def take(self, method: str, chat: int | None) -> Fault | None:
        for fault in self._coming:
            if fault.fits(method, chat):
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._coming.remove(fault)
                return fault
        return None
