"""The life of a campaign: who may move it from where to where.

draft → submitted → approved → scheduled → running ⇄ paused → done | cancelled | expired. An approval holds for one content hash; any edit
makes the campaign a draft again.
"""

import unicodedata

from bot.errors import LoaError

STATES = ("draft", "submitted", "approved", "scheduled", "running", "paused", "done", "cancelled", "expired")
# In these the approved text counts: an edit of the file voids it.
BOUND = ("submitted", "approved", "scheduled", "running", "paused")
# In these occurrences come due and are sent.
GOING = ("scheduled", "running")
OVER = ("done", "cancelled", "expired")

# What staff can do: from which states, to which.
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "submit": (("draft", "submitted", "done", "cancelled", "expired"), "submitted"),
    "approve": (("submitted",), "approved"),
    "reject": (("submitted", "approved"), "draft"),
    "start": (("approved",), "scheduled"),
    "pause": (("scheduled", "running"), "paused"),
    "resume": (("paused",), "running"),
    "cancel": (("submitted", "approved", "scheduled", "running", "paused", "draft"), "cancelled"),
}

IN_WORDS = {
    "draft": "bản nháp",
    "submitted": "chờ duyệt",
    "approved": "đã duyệt",
    "scheduled": "đã lên lịch",
    "running": "đang gửi",
    "paused": "tạm dừng",
    "done": "đã xong",
    "cancelled": "đã hủy",
    "expired": "hết hạn",
}


# What can be done from each state, for whoever tried something else.
NEXT = {
    "draft": "gửi duyệt bằng lệnh submit",
    "submitted": "nhờ người khác duyệt bằng lệnh approve, hoặc trả lại bằng reject",
    "approved": "cho chạy bằng lệnh start, hoặc trả lại bằng reject",
    "scheduled": "tạm dừng bằng lệnh pause, bỏ hẳn bằng cancel",
    "running": "tạm dừng bằng lệnh pause, bỏ hẳn bằng cancel",
    "paused": "chạy tiếp bằng lệnh resume, bỏ hẳn bằng cancel",
    "done": "muốn gửi nữa thì sửa lịch trong tệp rồi gửi duyệt lại bằng lệnh submit",
    "cancelled": "muốn gửi nữa thì gửi duyệt lại bằng lệnh submit",
    "expired": "muốn gửi nữa thì sửa ngày hết hạn và lịch trong tệp rồi gửi duyệt lại bằng lệnh submit",
}


class NotAllowed(LoaError):
    """The campaign's state, its content or the person does not allow this step; the message says what to do instead."""


def move(action: str, state: str) -> str:
    """The state after `action`. Raises NotAllowed."""
    sources, goal = MOVES[action]
    if state not in sources:
        raise NotAllowed(f'chiến dịch đang ở trạng thái "{IN_WORDS[state]}" nên không dùng được lệnh {action}. Lúc này: {NEXT[state]}')
    return goal


def _person(name: str) -> str:
    """A name as it is compared: keyboards differ in how they compose marks, people in their spaces and capitals."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def check_approver(approver: str, author: str, submitted_by: str | None) -> None:
    """Two pairs of eyes. Raises NotAllowed."""
    if not approver.strip():
        raise NotAllowed('người duyệt phải ghi tên: --by "Họ tên"')
    if _person(approver) in (_person(author), _person(submitted_by or "")):
        raise NotAllowed(f'người duyệt phải khác người soạn và người gửi duyệt ("{approver}"). Nhờ người khác duyệt')
