"""The one table of what a failed send means: for the row, for the resident, for the campaign."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.errors import (
    Blocked,
    DeliveryError,
    Gone,
    Migrated,
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unreachable,
)

Campaign = Literal["goes_on", "waits", "counts", "stops"]


@dataclass(frozen=True)
class Policy:
    """`row`: the state it gets (`queued`: tried again). `resident`: whether they count as unreachable from now on.

    `campaign`: `goes_on`; `waits` (the whole channel holds its campaigns for a while); `counts` (as a failure towards the threshold);
    `stops` (every campaign on this channel is paused and staff are told). `words`: for reports, in Vietnamese.
    """

    row: str
    campaign: Campaign
    words: str
    resident: bool = False


POLICIES: dict[type[DeliveryError], Policy] = {
    Throttled: Policy("queued", "waits", "nền tảng yêu cầu gửi chậm lại"),
    Unreachable: Policy("queued", "waits", "không kết nối được, chưa gửi"),
    OutcomeUnknown: Policy("unknown", "waits", "đã gửi đi nhưng không rõ có tới không"),
    Rejected: Policy("failed", "counts", "nền tảng từ chối nội dung tin"),
    Blocked: Policy("blocked", "goes_on", "bà con đã chặn bot", resident=True),
    Gone: Policy("blocked", "counts", "tài khoản không còn hoặc chưa bấm Bắt đầu", resident=True),
    OptedOut: Policy("left_out", "goes_on", "đã nhắn DỪNG trước khi tới lượt"),
    Migrated: Policy("queued", "goes_on", "nhóm đổi mã, gửi lại theo mã mới"),
    Misconfigured: Policy("queued", "stops", "mã bot sai hoặc có nơi khác đang dùng"),
}
OTHER = Policy("failed", "counts", "lỗi khác")

# Why a row ended as it did, for reports: the kinds of bot/errors.py and those that arise here.
WORDS = {
    **{error.kind: policy.words for error, policy in POLICIES.items()},
    "other": OTHER.words,
    "cap": "đã nhận đủ số tin trong tuần",
    "wiped": "đã xóa dữ liệu",
    "late": "quá giờ hữu ích mà chưa tới lượt",
    "cancelled": "chiến dịch bị hủy",
    "sender_died": "máy gửi dừng đột ngột lúc đang gửi",
}


def policy_for(error: DeliveryError) -> Policy:
    return next((POLICIES[kind] for kind in type(error).__mro__ if kind in POLICIES), OTHER)


RECENT = 100  # sends looked back on
ENOUGH = 20  # before a share means anything
TOO_MANY = 0.3  # of the recent sends failed
IN_A_ROW = 5  # rejected one after another: the text itself is wrong


class Health:
    """Whether a campaign's recent sends have failed too often to go on."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._rejected = 0

    def saw(self, kind: str | None, counts: bool) -> str | None:
        """Take in one outcome (`kind` None: sent). Returns why the campaign must pause, or None."""
        self._recent.append(counts)
        self._rejected = self._rejected + 1 if kind == Rejected.kind else 0
        failed = sum(self._recent)
        if self._rejected >= IN_A_ROW:
            return f"{self._rejected} tin liền bị nền tảng từ chối: nội dung có lỗi"
        if len(self._recent) >= ENOUGH and failed / len(self._recent) >= TOO_MANY:
            return f"{failed} trong {len(self._recent)} tin gần nhất không gửi được"
        return None


def in_words(kinds: Iterable[tuple[str, str | None, int]]) -> list[str]:
    """Lines such as "không tới được – bà con đã chặn bot: 12", what arrived first."""
    order = list(STATES)
    return [
        f"{STATES[state]}{f' – {WORDS.get(kind, kind)}' if kind else ''}: {count}"
        for state, kind, count in sorted(kinds, key=lambda row: order.index(row[0]))
    ]


STATES = {
    "sent": "đã tới",
    "sending": "đang gửi",
    "queued": "chờ gửi",
    "failed": "gửi lỗi",
    "blocked": "không tới được",
    "expired": "hết hạn",
    "unknown": "chưa rõ",
    "left_out": "không gửi",
}
