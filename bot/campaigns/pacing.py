"""The arithmetic of pace: when the next message may leave. No loop, no clock of its own; `now` is seconds of any steady clock.

Three rules at once: never more than `rate` messages in any second (a sliding window, as platforms count), campaign messages spread
evenly over it, and a gap between messages to one chat.

The platform counts when messages arrive, not when they leave: what was held up on its way may arrive together with what left later.
So a message counts until a second after the latest moment it can have arrived: when its answer came, less the time the quickest
message of the last minutes needed there and back. Who leaves then does not arrive within a second of it, however much the way varies.
Two things it cannot know: that the way has just become quicker than it was for minutes, and when what is never answered arrived.
"""

import math
from collections import OrderedDict, deque

MARGIN = 0.009  # seconds: how much messages may bunch up on their way, where nothing is known of their answers
SLACK = 0.001  # seconds a second of ours is longer, for what is too short to be measured
CATCH_UP = 0.05  # seconds a campaign may be behind its even spacing and make up for it
UNANSWERED = 3.0  # seconds without an answer after which a message counts as arrived long ago, or never
LOOK_AGAIN = 0.01  # seconds, when all the room is taken by what is not answered yet
LEARN_FROM = 20  # answers before any is taken for the quickest: the first ones open connections
SPAN = 300.0  # seconds after which the quickest answer is forgotten, at least
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


class Quickest:
    """The least time there and back of late; 0 while too little is known."""

    def __init__(self) -> None:
        self._seen, self._since, self._least, self._before = 0, -math.inf, math.inf, math.inf

    def saw(self, now: float, took: float) -> None:
        if now - self._since > SPAN:
            self._since, self._before, self._least = now, self._least, math.inf
        self._seen += 1
        self._least = min(self._least, took)

    @property
    def least(self) -> float:
        return min(self._least, self._before) if self._seen > LEARN_FROM else 0.0


class Bucket:
    """One bot's budget. `rate`: messages a second; `share`: how much of it is ours (0–1], while others send with the same bot.

    What leaves may count as several messages: an album does.
    """

    def __init__(self, rate: float):
        self.rate, self.share = rate, 1.0
        self._number = 0
        self._under_way: dict[int, tuple[float, int]] = {}  # (when it left, messages) of what is not answered yet, in that order
        self._messages_under_way = 0
        self._counted_until: deque[float] = deque()  # of each message that is answered
        self._quickest = Quickest()
        self._replies: deque[float] = deque()
        self._due = 0.0  # when the next campaign message is due by even spacing
        self._closed_until = 0.0
        self._factor = 1.0
        self._slowed_at = float("-inf")

    # --- when

    def closed_for(self, now: float) -> float:
        """Seconds for which the platform asked that nothing leaves; not positive when it is open."""
        return self._closed_until - now

    def reply_in(self, now: float, messages: int = 1) -> float:
        """Seconds until a reply may leave."""
        return max(self._closed_until - now, self._room_in(now, self._capacity(now), messages), 0.0)

    def campaign_in(self, now: float, messages: int = 1) -> float:
        """Seconds until a campaign message may leave, with room left for the replies residents are asking for right now."""
        room = max(self._capacity(now) - self.kept_for_replies(now), 1)
        return max(self._closed_until - now, self._room_in(now, room, messages), self._due - now, 0.0)

    def kept_for_replies(self, now: float) -> int:
        """Messages a second that campaigns leave free: none while nobody asks, else twice what is asked, at least two."""
        while self._replies and now - self._replies[0] > REPLIES_FOR:
            self._replies.popleft()
        if not self._replies:
            return 0
        return min(max(2, round(2 * len(self._replies) / REPLIES_FOR)), max(int(self.rate * self.share) // 2, 1))

    # --- what happened

    def took_reply(self, now: float, messages: int = 1) -> int:
        """A reply leaves. Its number, for `landed`."""
        self._replies.append(now)
        self.kept_for_replies(now)  # forgets the old ones
        return self._left(now, messages)

    def took_campaign(self, now: float, messages: int = 1) -> int:
        """A campaign message leaves. Its number, for `landed`."""
        room = max(self._capacity(now) - self.kept_for_replies(now), 1)
        self._due = max(self._due, now - CATCH_UP) + messages * self._window() / room
        return self._left(now, messages)

    def landed(self, number: int, now: float, answered: bool = True) -> None:
        """The platform has answered it, or (`answered` False) nobody waits for that any longer."""
        left = self._under_way.get(number)
        if left is None:
            return
        messages = self.forget(number)
        if answered:
            self._quickest.saw(now, now - left[0])
        until = now - min(self._quickest.least, now - left[0]) + self._window()
        # In order, so that the first is the next to be free.
        until = max(until, self._counted_until[-1]) if self._counted_until else until
        self._count_out(now)
        self._counted_until.extend([until] * messages)

    def forget(self, number: int) -> int:
        """It does not leave after all. As how many messages it counted."""
        _, messages = self._under_way.pop(number, (0.0, 0))
        self._messages_under_way -= messages
        return messages

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
        return max(1.0, 1.0 / (self.rate * self.share)) + SLACK

    def _left(self, now: float, messages: int) -> int:
        self._number += 1
        self._under_way[self._number] = (now, messages)
        self._messages_under_way += messages
        return self._number

    def _capacity(self, now: float) -> int:
        self._recover(now)
        return max(int(max(self.rate * self.share, 1.0) * self._factor + 1e-9), 1)

    def _room_in(self, now: float, capacity: int, messages: int) -> float:
        self._count_out(now)
        # More than fit into a second wait until there is nothing else in it.
        too_many = self._messages_under_way + len(self._counted_until) + min(messages, capacity) - capacity
        if too_many <= 0:
            return 0.0
        return self._counted_until[too_many - 1] - now if too_many <= len(self._counted_until) else LOOK_AGAIN

    def _count_out(self, now: float) -> None:
        patience = self._window() + UNANSWERED
        while self._under_way and now - self._under_way[first := next(iter(self._under_way))][0] >= patience:
            self.forget(first)
        while self._counted_until and self._counted_until[0] <= now:
            self._counted_until.popleft()


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
