"""Every error Loa raises on purpose. Each says what happened, where, and what to do."""

from dataclasses import dataclass


class LoaError(Exception):
    """Base of all. `str(error)` is fit to be shown to the person at the keyboard."""


class SettingError(LoaError):
    """A setting is unknown or malformed; names the setting and what is accepted."""


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a content file. `line` and `column` count from 1; `message` is Vietnamese, for staff."""

    file: str
    line: int
    column: int
    message: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {'(nhắc) ' if self.warning else ''}{self.message}"


class ContentError(LoaError):
    """Content files have mistakes; carries all of them at once."""

    def __init__(self, problems: list[Problem]):
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UnderstandingError(LoaError):
    """Rasa could not be asked this turn: the resident gets the menu instead."""


class NotReady(UnderstandingError):
    """Rasa is starting, stopped or refuses connections."""


class TooSlow(UnderstandingError):
    """Rasa did not answer within the turn's time budget."""


class Malformed(UnderstandingError):
    """Rasa answered something that is not a list of acts."""


class StoreError(LoaError):
    """The database cannot be reached or refused the work; nothing was half written."""


class DeliveryError(LoaError):
    """A send did not succeed. The adapter names the kind; only the sender acts on it.

    kind: short id written to the ledger.
    retry: the message surely was not delivered and may be sent again.
    closes: the resident cannot be reached any more; stop sending to this chat.
    """

    kind = "other"
    retry = False
    closes = False


class Throttled(DeliveryError):
    """429: every send of this bot waits `retry_after` seconds; the message was not delivered."""

    kind = "throttled"
    retry = True

    def __init__(self, retry_after: float):
        self.retry_after = retry_after
        super().__init__(f"asked to wait {retry_after:g} s")


class Unreachable(DeliveryError):
    """The request surely never left: no connection, no free socket. Safe to repeat."""

    kind = "unreachable"
    retry = True


class OutcomeUnknown(DeliveryError):
    """The request left and no answer came back (timeout, reset, 5xx). Never repeated blindly."""

    kind = "unknown"


class Rejected(DeliveryError):
    """The platform refuses the message itself (too long, bad markup): it would fail for everybody."""

    kind = "rejected"


class Blocked(DeliveryError):
    """The resident blocked the bot: stop until they write or unblock."""

    kind = "blocked"
    closes = True


class Gone(DeliveryError):
    """The account or chat no longer exists, or never pressed Start."""

    kind = "gone"
    closes = True


class OptedOut(DeliveryError):
    """There is no consent any more at the moment of sending: the resident said stop or had everything deleted meanwhile."""

    kind = "opted_out"


class Migrated(DeliveryError):
    """The group became a supergroup; send to `new_chat` instead."""

    kind = "migrated"
    retry = True

    def __init__(self, new_chat: str):
        self.new_chat = new_chat
        super().__init__("chat moved")


class Misconfigured(DeliveryError):
    """The token is wrong or revoked, or another instance uses it: the channel stops and the operator is told."""

    kind = "misconfigured"
    retry = True
