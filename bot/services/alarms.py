"""Alarms: what staff must know at once, as a message in the chats they named. Of each kind at most one an hour; never a word of a resident.

What came up meanwhile is gathered and said with the next. A trouble is told once while it lasts, also across restarts and processes:
each judges its own Rasa, Telegram and content, notes what it sees, and a trouble is over when none of them has seen it for a while.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import VIETNAM, Clock
from bot.errors import Problem
from bot.messages import Address, Message
from bot.services.campaigns import SYSTEM, Campaigns
from bot.services.reply import Replies
from bot.store import alarms, campaigns, deliveries, occurrences
from bot.store.alarms import Told
from bot.store.database import Database

log = structlog.get_logger()

EVERY = 30.0  # seconds between looks
LONGEST = 120.0  # seconds one chat may take, waits that the platform asks for included
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AGAIN = timedelta(minutes=5)  # when nobody could be reached
UNSEEN = timedelta(minutes=3)  # until a trouble is over: a process that sees it looks again sooner, even after telling a slow chat
LINES = 5  # of a list; the rest is counted

# What ends by itself, and how long it must have lasted before staff hear of it: a file is saved in the middle of an edit, a Rasa restarts.
LASTS = {
    "rasa": timedelta(minutes=2),
    "content": timedelta(minutes=1),
    "token": timedelta(minutes=1),
    "conflict": timedelta(minutes=1),
    "unknown": timedelta(0),
}


@dataclass(frozen=True)
class Alarm:
    """`kind`: what is told at most once an hour. `mark`: tells this trouble from the one told last."""

    kind: str
    mark: str
    text: str


RASA = Alarm(
    "rasa",
    "down",
    "Hơn 2 phút nay Loa không hiểu được câu bà con gõ (phần Rasa đang dừng). Nút bấm và bảng chọn vẫn trả lời.\n"
    "Nhờ người quản trị máy chạy: ./loa doctor",
)
RASA_BACK = "Loa lại hiểu được câu bà con gõ: phần Rasa đã chạy lại."
TELEGRAM = {
    "token": Alarm(
        "token",
        "refused",
        "Telegram từ chối mã của bot, nên bà con nhắn qua Telegram không được trả lời.\n"
        "Nhờ người quản trị máy đối chiếu LOA_TELEGRAM_TOKEN với @BotFather.",
    ),
    "conflict": Alarm(
        "conflict",
        "conflict",
        "Có một máy khác đang chạy cùng mã bot Telegram, nên tin của bà con có thể lọt sang máy đó.\n"
        "Nhờ người quản trị máy tìm và tắt máy thừa.",
    ),
}


class Alarms:
    """`staff`: whom to tell. `replies`: by channel. `parts`: the state of each part of this process, "ok" (seen to work) or a word.

    `problems`: mistakes in the newest edit of the content. A staff member whom a channel cannot reach hears nothing; nobody else notices.
    """

    def __init__(
        self,
        staff: Sequence[Address],
        replies: Mapping[str, Replies],
        parts: Callable[[], Awaitable[Mapping[str, str]]],
        problems: Callable[[], Sequence[Problem]],
        campaigns: Campaigns,
        database: Database,
        clock: Clock,
    ):
        self._staff, self._replies, self._parts, self._problems = staff, replies, parts, problems
        self._campaigns, self._database, self._clock = campaigns, database, clock
        self._since: dict[str, datetime] = {}

    async def watch(self) -> None:
        """Run until cancelled. Whatever goes wrong here is a line in the log."""
        while True:
            try:
                await self.look()
            except Exception as error:
                log.warning("alarms.failed", error=type(error).__name__)
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Say what has come up, and what has lasted long enough. Raises StoreError; the next look says it then."""
        now, parts = self._clock.now(), await self._parts()
        async with self._database.read() as connection:
            told, seen = await alarms.told(connection), await alarms.seen(connection)
            came_up = [await self._paused(connection, told.get("paused"), now), await self._missed(connection, told.get("missed"), now)]
            lasting = await self._lasting(connection, parts, now)
        self._since = {alarm.kind: self._since.get(alarm.kind, now) for alarm in lasting}
        if self._since:
            async with self._database.write() as connection:
                await alarms.saw(connection, self._since, now)
        for alarm in [*filter(None, came_up), *(alarm for alarm in lasting if now - self._since[alarm.kind] >= LASTS[alarm.kind])]:
            await self._say(alarm, told.get(alarm.kind), now)
        for kind in LASTS.keys() - self._since.keys():
            if kind in told and told[kind].mark and _over(kind, seen.get(kind), parts, now):
                await self._end(kind, told.get("rasa_back"), now)

    # --- what there is to say

    async def _paused(self, connection: AsyncConnection, told: Told | None, now: datetime) -> Alarm | None:
        found = await campaigns.audited(connection, SYSTEM, "pause", int(told.mark or 0) if told else 0, now - DAY)
        if not found:
            return None
        lines = [f"• {self._called(entry.campaign)}: {entry.detail}" for _, entry in found]
        text = f"Chiến dịch tự tạm dừng:\n{_some(lines)}\nXem lại rồi quyết định: ./loa campaign status {found[-1][1].campaign}"
        return Alarm("paused", str(found[-1][0]), text)

    async def _missed(self, connection: AsyncConnection, told: Told | None, now: datetime) -> Alarm | None:
        found = await occurrences.missed(connection, datetime.fromisoformat(told.mark) if told and told.mark else now - DAY)
        if not found:
            return None
        lines = [f"• {self._called(item.campaign)}: lẽ ra gửi lúc {item.due_at.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}" for item in found]
        text = f"Lỡ lần gửi, Loa không tự gửi bù:\n{_some(lines)}\nXem: ./loa campaign show {found[-1].campaign}"
        newest = found[-1].finished_at
        assert newest
        return Alarm("missed", newest.isoformat(), text)

    async def _lasting(self, connection: AsyncConnection, parts: Mapping[str, str], now: datetime) -> list[Alarm]:
        found = [RASA] if parts.get("rasa") != "ok" else []
        if trouble := TELEGRAM.get(parts.get("telegram", "")):
            found.append(trouble)
        if mistakes := [problem for problem in self._problems() if not problem.warning]:
            lines = [f"• {problem}" for problem in mistakes]
            text = f"Nội dung mới sửa còn lỗi, nên Loa vẫn dùng bản đúng trước đó:\n{_some(lines)}\nSửa xong thì chạy: ./loa content check"
            found.append(Alarm("content", f"{len(mistakes)} {mistakes[0]}"[:80], text))
        if unknown := await deliveries.undecided(connection, now):
            lines = [f"• {self._called(campaign)}: {count} tin" for campaign, count in unknown.items()]
            text = (
                f"Đã gửi đi nhưng chưa rõ bà con có nhận được không:\n{_some(lines)}\n"
                "Loa không tự gửi lại, vì có thể thành hai tin. Chấp nhận như vậy thì gửi lại bằng: "
                f'./loa campaign resend {next(iter(unknown))} --unknown --by "Họ tên". Không thì cứ để yên.'
            )
            found.append(Alarm("unknown", str(sum(unknown.values())), text))
        return found

    def _called(self, campaign: str) -> str:
        loaded = self._campaigns.live.current.get(campaign)
        return f"“{loaded.campaign.title}” ({campaign})" if loaded else campaign

    # --- saying it

    async def _say(self, alarm: Alarm, before: Told | None, now: datetime) -> bool:
        """True if somebody was told."""
        async with self._database.write() as connection:
            if not await alarms.claim(connection, alarm.kind, alarm.mark, now, HOUR):
                return False
        message = Message(f"🔔 Loa báo cán bộ\n\n{alarm.text}")
        reached = sum(await asyncio.gather(*(self._tell(to, message) for to in self._staff)))
        log.info("alarm", kind=alarm.kind, told=reached)
        if not reached:
            async with self._database.write() as connection:
                await alarms.put(connection, alarm.kind, before.mark if before else "", now - HOUR + AGAIN)
        return reached > 0

    async def _tell(self, to: Address, message: Message) -> bool:
        try:
            async with asyncio.timeout(LONGEST):
                return await self._replies[to.channel].send(to, [message])
        except Exception as error:
            log.warning("alarm.not_sent", channel=to.channel, error=type(error).__name__)
            return False

    async def _end(self, kind: str, back: Told | None, now: datetime) -> None:
        if kind == "rasa" and not await self._say(Alarm("rasa_back", now.isoformat(), RASA_BACK), back, now):
            return
        async with self._database.write() as connection:
            await alarms.put(connection, kind, "")


def _over(kind: str, seen: datetime | None, parts: Mapping[str, str], now: datetime) -> bool:
    """Whether a trouble that this process does not see is over: `seen` is when any process last saw it."""
    if seen is None:
        return True
    # Clocks of two machines differ a little, and a rehearsal on another day by far: before or after makes no difference.
    unseen_for = abs(now - seen)
    # Who has not heard of Telegram leaves it to those who have, unless for a day nobody has: their process is gone for good.
    can_tell = kind not in TELEGRAM or parts.get("telegram") == "ok"
    return unseen_for >= (UNSEEN if can_tell else DAY)


def _some(lines: Sequence[str]) -> str:
    more = [f"• … và {len(lines) - LINES} mục nữa"] if len(lines) > LINES else []
    return "\n".join([*lines[:LINES], *more])
