"""Loading and checking `content/campaigns/*.yml`. A broken file keeps its last good version and stops none of the others."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import structlog
from jinja2 import TemplateSyntaxError

from bot.campaigns import schedule as when
from bot.campaigns.model import Campaign, Part
from bot.campaigns.render import BADLY_FILLED, VARIABLES, Approved, Composer, variables
from bot.channels.fit import fit
from bot.content.explain import validate
from bot.content.library import Library
from bot.content.positions import Document, Path_, read
from bot.errors import Problem
from bot.messages import Limits
from bot.text import length

log = structlog.get_logger()

PAYS = "telegram"  # the channel that can send faster for money
Limitations = Mapping[str, Limits]  # by channel
Add = Callable[[Path_, str, bool], None]


@dataclass(frozen=True)
class Loaded:
    """A campaign without mistakes. `hash` changes with anything that residents would see or that decides who gets it and when."""

    approved: Approved
    hash: str
    file: str
    document: Document = field(repr=False, compare=False)

    @property
    def campaign(self) -> Campaign:
        return self.approved.campaign


def seams(library: Library) -> list[tuple[str, date]]:
    """(topic, first day of a new period) of every topic."""
    return [(topic.id, after.start) for topic in library.topics.values() for _, after in topic.seams() if after.start]


def load(library: Library, folder: Path, limits: Limitations | None = None) -> tuple[dict[str, Loaded], list[Problem], set[str]]:
    """(good campaigns by id, every mistake, files that have one)."""
    good: dict[str, Loaded] = {}
    problems: list[Problem] = []
    broken: set[str] = set()
    for path in sorted(folder.glob("*.y*ml")):
        loaded, found = load_file(library, path, limits or {})
        if loaded and loaded.campaign.id in good:
            found.append(Problem(loaded.file, 1, 1, f'chiến dịch "{loaded.campaign.id}" đã có trong {good[loaded.campaign.id].file}'))
            loaded = None
        problems += found
        if loaded:
            good[loaded.campaign.id] = loaded
        else:
            broken.add(path.name)
    problems += [problem for loaded in good.values() for problem in _strangers(loaded, good, {Path(name).stem for name in broken})]
    return good, sorted(problems), broken


def _strangers(loaded: Loaded, good: Mapping[str, Loaded], broken: set[str]) -> Iterator[Problem]:
    """Campaigns and buttons an audience names that are in no file. Hints: the file of one long over may be gone."""
    for name in ("pressed", "not_pressed"):
        wanted = getattr(loaded.campaign.audience, name)
        if wanted is None or wanted.campaign in broken:
            continue
        other = good.get(wanted.campaign)
        if other is None:
            yield loaded.document.problem(
                ("audience", name, "campaign"), f'không thấy chiến dịch "{wanted.campaign}" trong content/campaigns', warning=True
            )
        elif wanted.button and wanted.button not in _pressable(other.campaign):
            yield loaded.document.problem(
                ("audience", name, "button"), f'chiến dịch "{wanted.campaign}" không có nút "{wanted.button}"', warning=True
            )


def _pressable(campaign: Campaign) -> set[str]:
    return {
        text
        for part in _every_part(campaign)
        for text in (*(action.text for action in part.buttons or ()), *(part.quiz.options if part.quiz else ()))
    }


def load_file(library: Library, path: Path, limits: Limitations) -> tuple[Loaded | None, list[Problem]]:
    document = read(path, shown_as=f"{path.parent.parent.name}/{path.parent.name}/{path.name}")
    campaign, problems = validate(Campaign, document)
    if campaign is None:
        return None, problems
    check = _Check(document, campaign, library, limits, problems)
    check.everything(path.stem)
    if any(not problem.warning for problem in problems):
        return None, problems
    files = {name: _digest(library.media / name) for name in _files(campaign)}
    approved = Approved(campaign, files)
    return Loaded(approved, _hash(approved), document.file, document), problems


def _every_part(campaign: Campaign) -> list[Part]:
    return [campaign.message, *campaign.moments.values(), *campaign.variants.values(), *campaign.channels.values()]


def _files(campaign: Campaign) -> list[str]:
    return sorted({name for part in _every_part(campaign) for _, name in part.files()})


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash(approved: Approved) -> str:
    return hashlib.sha256(json.dumps(approved.body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass
class _Check:
    """What the shape alone cannot tell, of one campaign."""

    document: Document
    campaign: Campaign
    library: Library
    limits: Limitations
    problems: list[Problem]

    def add(self, path: Path_, message: str, warning: bool = False) -> None:
        found = self.document.problem(path, message, warning)
        if found not in self.problems:  # several days or variants may share the words at fault
            self.problems.append(found)

    def everything(self, stem: str) -> None:
        campaign = self.campaign
        if campaign.id != stem:
            self.add(("id",), f'tên tệp là "{stem}.yml" nên id phải là "{stem}"')
        for path, topic in self._topics():
            if topic not in self.library.topics:
                self.add(path, f'không có câu nào tên "{topic}". Xem lại mã câu')
        for index, place in enumerate(campaign.audience.places):
            if place not in self.library.places:
                self.add(("audience", "places", index), f'không có nơi nào mã "{place}" trong content/places.yml')
        self._schedule()
        for path, part in self._parts():
            self._part(path, part)
        if not any(not problem.warning for problem in self.problems):
            self._limits()

    def _topics(self) -> Iterator[tuple[Path_, str]]:
        campaign = self.campaign
        yield from ((("facts", index), topic) for index, topic in enumerate(campaign.facts))
        for name in ("asked", "not_asked"):
            yield from ((("audience", name, index), topic) for index, topic in enumerate(getattr(campaign.audience, name)))
        for name in ("asked", "changed"):
            event = getattr(campaign.schedule, name)
            yield from ((("schedule", name, "topics", index), topic) for index, topic in enumerate(event.topics if event else ()))
        if campaign.schedule.asked:
            yield from ((("schedule", "asked", "done", index), topic) for index, topic in enumerate(campaign.schedule.asked.done))
        for path, part in self._parts():
            yield from (((*path, "buttons", index), action.topic) for index, action in enumerate(part.buttons or ()) if action.topic)

    def _parts(self) -> Iterator[tuple[Path_, Part]]:
        campaign = self.campaign
        yield ("message",), campaign.message
        for name in ("moments", "variants", "channels"):
            yield from (((name, key), part) for key, part in getattr(campaign, name).items())

    def _schedule(self) -> None:
        schedule = self.campaign.schedule
        if schedule.cron:
            try:
                when.cron_trigger(schedule.cron)
            except ValueError:
                self.add(
                    ("schedule", "cron"),
                    f'lịch cron "{schedule.cron}" viết chưa đúng. Năm phần là phút, giờ, ngày, tháng, thứ: "0 8 * * 1" là 8 giờ sáng thứ Hai',
                )
                return
        moments = {
            name: getattr(schedule, name).at for name in ("every", "countdown", "sequence", "asked", "changed") if getattr(schedule, name)
        }
        if schedule.at:
            moments["at"] = schedule.at.time()
        for name, moment in moments.items():
            if schedule.quiet and schedule.quiet.covers(moment):
                self.add(
                    ("schedule", name),
                    f"{moment:%H:%M} nằm trong giờ yên lặng {schedule.quiet.start:%H:%M}–{schedule.quiet.until:%H:%M}. Chọn giờ khác",
                )

    def _part(self, path: Path_, part: Part) -> None:
        if part.text is not None:
            try:
                used = variables(part.text)
            except TemplateSyntaxError as error:
                line = part.text.splitlines()[error.lineno - 1 : error.lineno]
                self.add((*path, "text"), f"chỗ trống viết chưa đúng: “{''.join(line).strip()[:60]}”. Ví dụ đúng: {{{{ place }}}}")
            else:
                for name in sorted(used - set(VARIABLES)):
                    self.add((*path, "text"), f"không có chỗ trống {{{{ {name} }}}}. Được dùng: {', '.join(VARIABLES)}")
                if "days_left" in used and not self.campaign.schedule.countdown:
                    self.add((*path, "text"), "{{ days_left }} chỉ dùng được với lịch countdown")
            self._addresses((*path, "text"), part.text)
        if part.quiz:
            self._addresses((*path, "quiz"), " ".join([part.quiz.question, *part.quiz.options, part.quiz.explanation or ""]))
        for index, action in enumerate(part.buttons or ()):
            if action.url and not self.library.official.is_official(action.url):
                self.add(
                    (*path, "buttons", index, "url"), f"{action.url} không có trong content/official.yml nên không được đưa cho bà con"
                )
        for index, (kind, name) in enumerate(part.files()):
            if not (self.library.media / name).is_file():
                self.add((*path, "album", index) if part.album else (*path, kind), f"không thấy tệp content/media/{name}")

    def _addresses(self, path: Path_, text: str) -> None:
        for address in self.library.official.strangers(text):
            self.add(path, f"{address} không có trong content/official.yml nên không được đưa cho bà con")

    def _limits(self) -> None:
        """Each text as each channel would show it on each day it may be read, with the longest name of a locality."""
        campaign = self.campaign
        place = max((place.name for place in self.library.places.values()), key=len)
        channels = [channel for channel in campaign.audience.channels or self.limits if channel in self.limits]
        for moment, variant in campaign.every_part():
            for day in self._read_on(moment):
                composer = Composer(Approved(campaign, {}), 10**9, moment, day, self.library.media)
                for channel in channels:
                    self._fits(composer, variant, channel, place, self.limits[channel])

    def _read_on(self, moment: int | None) -> list[date]:
        """The days on which a message may be read, as far as its words depend on it."""
        countdown = self.campaign.schedule.countdown
        if countdown is None or moment is None:
            return [date(2022, 1, 1)]
        day = countdown.to - timedelta(days=moment)
        last = datetime.combine(day, countdown.at) + timedelta(hours=self.campaign.schedule.useful_for, seconds=-1)
        return [day + timedelta(days=after) for after in range((last.date() - day).days + 1)]

    def _fits(self, composer: Composer, variant: str | None, channel: str, place: str, limits: Limits) -> None:
        path = self._said_at(composer.moment, variant, channel)
        try:
            body = composer.body(variant, channel, place)
        except BADLY_FILLED:
            self.add(path, "điền vào chỗ trống thì lỗi. Chỉ viết {{ place }} và các chỗ trống khác, không tính toán trên chúng")
            return
        if not body:
            self.add(path, f"đọc ngày {composer.day:%d/%m/%Y} thì tin không có chữ nào. Viết thêm câu cho ngày ấy")
            return
        message = composer.message(variant, channel, place)
        size = length(message.words, limits.unit)
        if size > limits.text:
            self.add(path, f"tin dài {size} ký tự, kênh {channel} chỉ cho {limits.text}. Viết ngắn lại")
        elif self.campaign.paid and channel == PAYS and len(fit(message, limits)) > 1:
            self.add(path, "chiến dịch trả phí tính tiền từng mẩu, nên mỗi tin phải gọn trong một mẩu. Bỏ album hoặc viết ngắn lại")
        elif len(fit(message, limits)) > (2 if len(message.media) > 1 else 1):  # an album's buttons are always a message of their own
            self.add(path, f"trên kênh {channel} tin này thành nhiều mẩu (ảnh riêng, chữ riêng). Viết ngắn lại nếu muốn gọn", True)

    def _said_at(self, moment: int | None, variant: str | None, channel: str) -> Path_:
        """Where the words of a message stand: those of the channel go before those of the variant, of the day, of all."""
        campaign = self.campaign
        for name, key in (("channels", channel), ("variants", variant), ("moments", moment)):
            part = getattr(campaign, name).get(key)
            if key is not None and part and part.text is not None:
                return (name, key, "text")
        return ("message", "text")


# --- what depends on the day: checked when a campaign is submitted, approved and started


def lint(loaded: Loaded, library: Library, now: datetime, paid_budget: int = 0) -> list[Problem]:
    """Why this campaign must not be submitted at `now`; empty if nothing stands against it."""
    return sorted(loaded.document.problem(path, message) for path, message in _against(loaded.campaign, library, now, paid_budget))


def _against(campaign: Campaign, library: Library, now: datetime, paid_budget: int) -> Iterator[tuple[Path_, str]]:
    planned: Path_ = ("schedule", campaign.schedule.kind)
    if campaign.paid and paid_budget == 0:
        yield ("paid",), 'xin gửi nhanh có trả phí ("paid: true") nhưng chưa được cấp tiền: LOA_TELEGRAM_PAID_BUDGET đang là 0'
    ahead = when.upcoming(campaign, now, 40, seams(library))
    if campaign.expires and campaign.expires <= now:
        yield ("expires",), f"đã hết hạn từ {campaign.expires:%d/%m/%Y %H:%M}"
    elif not ahead and when.upcoming(campaign.model_copy(update={"expires": None}), now, 1, seams(library)):
        yield ("expires",), f"hết hạn {campaign.expires:%d/%m/%Y %H:%M}, trước lần gửi đầu tiên"
    elif not ahead:
        yield planned, "không còn lần gửi nào sau lúc này: mọi ngày trong lịch đã qua"
    if clash := when.overlaps_quiet(campaign, ahead):
        yield planned, f"lần gửi {clash.at:%d/%m/%Y %H:%M} rơi vào giờ yên lặng"
    for index, topic in enumerate(campaign.facts):
        if reason := _stale(library, topic, campaign, ahead):
            yield ("facts", index), reason


def advice(loaded: Loaded, library: Library, now: datetime) -> list[Problem]:
    """What its author should look at once more."""
    ahead = when.upcoming(loaded.campaign, now, 40, seams(library))
    return [
        loaded.document.problem(
            ("schedule", loaded.campaign.schedule.kind), f"lần gửi {slot.at:%d/%m/%Y} rơi vào ngày nghỉ: {name}", warning=True
        )
        for slot in ahead
        if (name := when.holiday(slot.at.date()))
    ]


def _stale(library: Library, topic: str, campaign: Campaign, ahead: list[when.Slot]) -> str | None:
    assert campaign.checked
    entry = library.topics[topic]
    known = entry.answer_on(campaign.checked)
    # What a countdown says after its day is written about the new rule on purpose.
    before = [slot for slot in ahead if not (campaign.schedule.countdown and (slot.moment or 0) < 0)]
    late = next((slot for slot in before if entry.answer_on((slot.until - timedelta(seconds=1)).date()) is not known), None)
    if late is None:
        return None
    end = f"hết hiệu lực sau {known.until:%d/%m/%Y}" if known.until and known.until < late.until.date() else "đã có quy định khác"
    return f'nội dung dẫn câu "{topic}" (đối chiếu {campaign.checked:%d/%m/%Y}) nhưng câu này {end}, trước lần gửi {late.at:%d/%m/%Y} kết thúc. Soạn lại'


class LiveCampaigns:
    """The campaigns of the files, each in its last good version. `problems` are the mistakes of the newest edit."""

    def __init__(self, library: Callable[[], Library], folder: Path, limits: Limitations | None = None):
        self._library, self._folder, self._limits = library, folder, limits or {}
        self._seen: tuple[object, ...] = ()
        self.current: dict[str, Loaded] = {}
        self.problems: list[Problem] = []
        self.refresh()

    def refresh(self) -> bool:
        """Read again if a file or the rest of the content changed. Blocking: call in a thread."""
        library = self._library()
        seen = (id(library), *self._fingerprint())
        if seen == self._seen:
            return False
        good, self.problems, broken = load(library, self._folder, self._limits)
        kept = {name: loaded for name, loaded in self.current.items() if name not in good and Path(loaded.file).name in broken}
        self.current = good | kept
        self._seen = seen
        if broken:
            log.error("campaigns.rejected", files=len(broken), first=str(next(p for p in self.problems if not p.warning)))
        return True

    def _fingerprint(self) -> Iterator[object]:
        used = {self._library().media / name for loaded in self.current.values() for name in loaded.approved.files}
        for path in (*sorted(self._folder.glob("*.y*ml")), *sorted(used)):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            yield (path.name, stat.st_size, stat.st_mtime_ns)
