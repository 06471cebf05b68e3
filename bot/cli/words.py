"""How staff read campaigns at the terminal: plain Vietnamese for what the code calls by other names."""

from collections.abc import Mapping
from datetime import date, datetime

from bot.campaigns import policy
from bot.campaigns.lifecycle import IN_WORDS
from bot.campaigns.model import Audience, Indicator, Pressed
from bot.campaigns.schedule import Slot
from bot.clock import VIETNAM
from bot.content.library import Library
from bot.services.campaigns import Status
from bot.store.occurrences import Occurrence

SHOWN = 20  # occurrences of a campaign that are listed
CHANNELS = {"telegram": "Telegram", "web": "trang web", "zalo": "Zalo", "terminal": "máy tính này"}
OCCURRENCE = {
    "due": "đến lượt",
    "filling": "đang lập danh sách",
    "sending": "đang gửi",
    "paused": "tạm dừng",
    "done": "đã xong",
    "missed": "đã lỡ",
    "cancelled": "đã hủy",
}
ACTIONS = {
    "submit": "gửi duyệt",
    "approve": "duyệt",
    "reject": "trả lại",
    "start": "cho chạy",
    "pause": "tạm dừng",
    "resume": "cho chạy tiếp",
    "cancel": "hủy",
    "resend": "gửi lại",
    "void": "duyệt cũ hết giá trị",
    "open": "bắt đầu một lần gửi",
    "missed": "lỡ một lần gửi",
    "done": "xong",
    "expired": "hết hạn",
}


def day(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def number(count: float) -> str:
    return f"{count:,.0f}".replace(",", ".")


def share(part: int, whole: int) -> str:
    """ "12 (3 %)"."""
    return f"{number(part)} ({100 * part / whole:.0f} %)" if whole else number(part)


def when(item: Slot | Occurrence, library: Library) -> str:
    """The moment of a slot or an occurrence, with the mark or the topic that tells it from its neighbours."""
    at = item.at if isinstance(item, Slot) else item.due_at
    topic = library.topics.get(item.topic or "")
    more = [f"mốc {item.moment}"] if item.moment is not None else []
    return " · ".join([day(at), *more, *([topic.title] if topic else [])])


def listed(status: Status, sent: int, audience: int) -> str:
    """A campaign in two lines of the list."""
    told = [IN_WORDS[status.state]]
    if status.next:
        told.append(f"lần tới {day(status.next.at)}")
    if audience:
        told.append(f"đã tới {number(sent)}/{number(audience)}")
    return f"{status.id} – {status.title}\n    {' · '.join(told)}"


def occurrences(status: Status, library: Library) -> list[str]:
    """The newest, each in a line; without those that concerned nobody: what follows residents' own days looks for them every day."""
    told = [item for item in status.occurrences if item.state != "done" or any(status.counts.get(item.id, {}).values())]
    lines = [f"{when(item, library)} – {OCCURRENCE[item.state]}: {_states(status.counts.get(item.id, {}))}" for item in told[-SHOWN:]]
    if earlier := len(told) - len(lines):
        lines.insert(0, f"{number(earlier)} lần trước đó: xem trong report")
    if nobody := len(status.occurrences) - len(told):
        lines.insert(0, f"{number(nobody)} lần đến giờ mà không có ai để gửi")
    return lines


def _states(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{called} {number(counts[state])}" for state, called in policy.STATES.items() if counts.get(state)) or "chưa có ai"


def whom(audience: Audience, library: Library) -> str:
    """Whom a campaign is for."""
    told = [
        f"ở {', '.join(library.places[place].name for place in audience.places)}" if audience.places else "",
        f"trên {', '.join(CHANNELS[channel] for channel in audience.channels)}" if audience.channels else "",
        f"tiếng {', '.join(audience.languages)}" if audience.languages else "",
        f"đăng ký từ ngày {_date(audience.joined_since)}" if audience.joined_since else "",
        f"đã hỏi {_titles(audience.asked, library)}" if audience.asked else "",
        f"chưa hỏi {_titles(audience.not_asked, library)}" if audience.not_asked else "",
        f"đã bấm {_button(audience.pressed)}" if audience.pressed else "",
        f"đã nhận mà không bấm {_button(audience.not_pressed)}" if audience.not_pressed else "",
        _figure(audience.indicator) if audience.indicator else "",
        f"lấy {audience.percent} % số đó" if audience.percent < 100 else "",
    ]
    cap = f"; mỗi người nhiều nhất {audience.cap.messages} tin trong {audience.cap.days} ngày"
    return "người đã đồng ý nhận tin" + "".join(f", {item}" for item in told if item) + cap


def _date(moment: date) -> str:
    return f"{moment:%d/%m/%Y}"


def _titles(topics: tuple[str, ...], library: Library) -> str:
    return " hoặc ".join(f"“{library.topics[topic].title}”" for topic in topics)


def _button(pressed: Pressed) -> str:
    return f"{f'“{pressed.button}”' if pressed.button else 'nút nào đó'} của {pressed.campaign}"


def _figure(indicator: Indicator) -> str:
    bounds = [f"dưới {indicator.below:g}"] if indicator.below is not None else []
    bounds += [f"trên {indicator.above:g}"] if indicator.above is not None else []
    return f"ở nơi có {indicator.name} {' và '.join(bounds)} (thấp nhất trước)"
