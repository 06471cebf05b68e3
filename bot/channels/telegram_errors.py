"""Telegram's refusals and failures as the kinds the sender knows. Kinds of 403 and 400 differ only in their wording."""

import os

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram_request import NeverLeft
from bot.errors import Blocked, DeliveryError, Gone, Migrated, Misconfigured, OutcomeUnknown, Rejected, Throttled, Unreachable

# PTB's switch for times as timedelta: without it PTB warns at every 429 that they will be.
os.environ["PTB_TIMEDELTA"] = "true"

UNSAID_WAIT = 5.0  # seconds, for a 429 that does not say how long

_GONE = (
    "user is deactivated",
    "can't initiate conversation",
    "is not a member",
    "group chat was deleted",
    "chat not found",
    "peer_id_invalid",
    "user not found",
    "chat_id is empty",
)
_NO_RIGHT = ("not enough rights", "have no rights", "chat_write_forbidden", "need administrator rights")
_STALE_FILE = ("wrong file identifier", "wrong remote file", "wrong file_id", "can't use file of type")


def delivery_error(error: TelegramError) -> DeliveryError:
    """The kind of a failed send. Its text is Telegram's description: it names neither chat nor token."""
    words = error.message.lower()
    match error:
        case RetryAfter():
            return Throttled(seconds(error))
        case ChatMigrated():
            return Migrated(str(error.new_chat_id))
        case Forbidden():
            # An unforeseen 403 ends sending as a block does: whoever writes again is reachable again.
            return Gone(error.message) if _any(_GONE, words) else Blocked(error.message)
        case BadRequest():
            if _any(_GONE, words):
                return Gone(error.message)
            return Blocked(error.message) if _any(_NO_RIGHT, words) else Rejected(error.message)
        case InvalidToken() | Conflict():
            return Misconfigured("Telegram refuses the bot token")
        case NeverLeft():
            return Unreachable(error.message)
    if "request entity too large" in words:
        return Rejected(error.message)
    if "too many requests" in words:
        return Throttled(UNSAID_WAIT)
    return OutcomeUnknown(type(error).__name__)


def seconds(error: RetryAfter) -> float:
    """How long Telegram asks to wait."""
    wait = error.retry_after
    return float(wait) if isinstance(wait, int) else wait.total_seconds()


def stale_file(error: BadRequest) -> bool:
    """The remembered file id is not (or no longer) this bot's: the file must be uploaded again."""
    return _any(_STALE_FILE, error.message.lower())


def _any(fragments: tuple[str, ...], words: str) -> bool:
    return any(fragment in words for fragment in fragments)
