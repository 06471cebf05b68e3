"""The arithmetic of pace: when the next message may leave. No loop, no clock of its own; `now` is seconds of any steady clock.

Three rules at once: never more than `rate` messages in any second (a sliding window, as platforms count), campaign messages spread
evenly over it, and a gap between messages to one chat. What leaves together arrives apart, so the window is a little longer than the
platform's second.
"""

from collections import OrderedDict, deque

MARGIN = 0.009  # seconds: how much messages may bunch up on their way
CATCH_UP = 0.02  # seconds a campaign may be behind its even spacing and make up for it
REPLIES_FOR = 10.0  # seconds after a reply in which room is kept for the next ones
PAID_RATE = 1000.0  # messages a second with paid broadcast, the free ones among them
SLOWER, FASTER = 0.8, 1.05  # factors: after a 429, and after each quiet spell
SPELL = 30.0  # seconds without a 429
PRIVATE_GAP, GROUP_GAP = 1.01, 3.05  # seconds between messages to one person, to one group (20 a minute)


def seconds_for(messages: int, rate: float, paid: int) -> float:
    """How long so many messages take at `rate`, when `paid` more may leave beside them at what is left of PAID_RATE."""
    beside = PAID_RATE - rate
    if paid == 0 or beside <= 0:
        return messages / rate
    together = min(messages / PAID_RATE, paid / beside)
    return together + (messages - together * PAID_RATE) / rate


class Bucket:
    """One bot's budget. `rate`: messages a second; `share`: how much of it is ours (0–1], while others send with the same bot."""

    def __init__(self, rate: float):
        self.rate, self.share = rate, 1.0
        self._starts: deque[float] = deque()
        self._replies: deque[float] = deque()
        self._due = 0.0  # when the next campaign message is due by even spacing
        self._closed_until = 0.0
        self._factor = 1.0
        self._slowed_at = float("-inf")

    # --- when

    def closed_for(self, now: float) -> float:
        """Seconds for which the platform asked that nothing leaves; not positive when it is open."""
        return self._closed_until - now

    def reply_in(self, now: float) -> float:
        """Seconds until a reply may leave."""
        return max(self._closed_until - now, self._room_in(now, self._capacity(now)), 0.0)

    def campaign_in(self, now: float) -> float:
        """Seconds until a campaign message may leave, with room left for the replies residents are asking for right now."""
        room = max(self._capacity(now) - self.kept_for_replies(now), 1)
        return max(self._closed_until - now, self._room_in(now, room), self._due - now, 0.0)

    def kept_for_replies(self, now: float) -> int:
        """Messages a second that campaigns leave free: none while nobody asks, else twice what is asked, at least two."""
        while self._replies and now - self._replies[0] > REPLIES_FOR:
            self._replies.popleft()
        if not self._replies:
            return 0
        return min(max(2, round(2 * len(self._replies) / REPLIES_FOR)), max(int(self.rate * self.share) // 2, 1))

    # --- what happened

    def took_reply(self, now: float) -> None:
        self._starts.append(now)
        self._replies.append(now)

    def took_campaign(self, now: float) -> None:
        self._starts.append(now)
        room = max(self._capacity(now) - self.kept_for_replies(now), 1)
        self._due = max(self._due, now - CATCH_UP) + self._window() / room

    def close(self, now: float, seconds: float) -> None:
        """The platform said 429: nothing leaves for so long, and a little less from then on until it has been quiet for a while."""
        self._closed_until = max(self._closed_until, now + seconds)
        if now - self._slowed_at > 1.0:  # the same flood answers many requests in flight
            self._factor = max(self._factor * SLOWER, 0.1)
        self._slowed_at = now

    @property
    def factor(self) -> float:
        """The share of `rate` in use."""
        return self._factor

    def spacing(self, now: float) -> float:
        """Seconds from one message to the next when the whole bot sends evenly, whatever our share."""
        self._recover(now)
        return (max(1.0, 1.0 / self.rate) + MARGIN) / (max(self.rate, 1.0) * self._factor)

    def _recover(self, now: float) -> None:
        if self._factor < 1 and now - self._slowed_at > SPELL:
            self._factor = min(self._factor * FASTER, 1.0)
            self._slowed_at = now

    def _window(self) -> float:
        # Below 1/s the window grows so that one message fits into it.
        return max(1.0, 1.0 / (self.rate * self.share)) + MARGIN

    def _capacity(self, now: float) -> int:
        self._recover(now)
        return max(int(max(self.rate * self.share, 1.0) * self._factor + 1e-9), 1)

    def _room_in(self, now: float, capacity: int) -> float:
        window = self._window()
        while self._starts and now - self._starts[0] >= window:
            self._starts.popleft()
        if len(self._starts) < capacity:
            return 0.0
        return self._starts[len(self._starts) - capacity] + window - now


class Chats:
    """The gap between messages to one chat. Group ids are negative."""

    def __init__(self, private: float = PRIVATE_GAP, group: float = GROUP_GAP):
        self._private, self._group = private, group
        self._free: OrderedDict[str, float] = OrderedDict()

    def book(self, chat: str, now: float) -> float:
        """Seconds until this chat may get a message, which is thereby booked."""
        while self._free and next(iter(self._free.values())) < now - self._group:
            self._free.popitem(last=False)
        start = max(self._free.get(chat, 0.0), now)
        self._free[chat] = start + (self._group if chat.startswith("-") else self._private)
        self._free.move_to_end(chat)
        return start - now
