"""How often one client may ask: a bucket a client, refilled steadily, in bounded memory."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request

from bot.clock import monotonic


class RateLimit:
    """`per_minute` questions a client, all of them at once if it likes. `clients`: how many are remembered, the idle go first."""

    def __init__(self, per_minute: int, now: Callable[[], float] = monotonic, clients: int = 20_000):
        self._size, self._now, self._clients = float(per_minute), now, clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and when it was counted

    def wait(self, client: str) -> float:
        """Seconds until this client may ask; 0 is now, and the question is counted."""
        now = self._now()
        left, counted = self._buckets.get(client, (self._size, now))
        left = min(self._size, left + (now - counted) * self._size / 60)
        allowed = left >= 1
        self._buckets[client] = (left - 1 if allowed else left, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._clients:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) * 60 / self._size


def client_of(request: Request, trust_proxy: bool) -> str:
    """Who asks: the peer, or what our own proxy says. Only the last X-Forwarded-For entry is the proxy's, the rest anybody can write."""
    peer = request.client.host if request.client else ""
    if trust_proxy:
        forwarded = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
        peer = forwarded or peer
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer[:64]
    if address.version == 6:  # a household has a whole /64 to choose from
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
