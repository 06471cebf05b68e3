"""All content as one immutable snapshot, and the loading that checks it as a whole."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from bot.content.explain import validate
from bot.content.model import Answer, Group, SourceDocument, SourceRef, Topic
from bot.content.official import Official
from bot.content.places import Places
from bot.content.positions import Document, read
from bot.content.talk import Talk, load_talk
from bot.errors import ContentError, Problem

LONGEST_ANSWER = 2000


@dataclass(frozen=True)
class Library:
    """What is true, and how to say it. `groups`: title by group id, in menu order. `warnings` do not keep content from going live.

    `digests`: SHA-256 of each file of `media` that a topic shows.
    """

    topics: dict[str, Topic]
    groups: dict[str, str]
    sources: dict[str, SourceDocument]
    places: Places
    official: Official
    talk: Talk
    media: Path
    warnings: tuple[Problem, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    def in_group(self, group: str) -> list[Topic]:
        return [topic for topic in self.topics.values() if topic.id.startswith(group + "/")]

    def basis(self, answer: Answer, day: date) -> tuple[str, ...]:
        """The sources of `answer` that are in force on `day`, as a resident reads them: a law of tomorrow is no basis today."""
        refs = [ref for ref in answer.sources if self.sources[ref.doc].in_force_on(day)]
        return tuple(dict.fromkeys(self.cite(ref) for ref in refs or answer.sources))

    def cite(self, ref: SourceRef) -> str:
        """The source as a resident reads it: document, then article."""
        name = self.sources[ref.doc].name
        return f"{name}, {ref.article}" if ref.article else name


# The order of the menu; a group that is not listed comes after these, in file order.
MENU = ("so_ho_khau", "dinh_danh", "can_cuoc", "dich_vu_cong", "an_sinh", "chung")


def load(content: Path) -> Library:
    """Read and check everything under `content`. Raises ContentError with every mistake found."""
    problems: list[Problem] = []
    sources = _sources(content, problems)
    places = _raw(content, "places.yml", Places, problems)
    official = _raw(content, "official.yml", Official, problems)
    talk = load_talk(_read(content, "talk.yml"), problems)
    documents = [_read(content, path.relative_to(content).as_posix()) for path in sorted((content / "faq").glob("*.y*ml"))]
    if not documents:
        problems.append(Problem("content/faq", 1, 1, "chưa có tệp câu hỏi nào"))
    groups = [(document, group) for document in documents if (group := _collect(problems, *validate(Group, document)))]
    whole = all(not document.problems for document in documents) and len(groups) == len(documents)
    problems += _check(groups, sources, official, content / "media", whole)
    if any(not problem.warning for problem in problems) or places is None or official is None or talk is None:
        raise ContentError(problems)
    ordered = sorted(groups, key=lambda pair: MENU.index(pair[1].group) if pair[1].group in MENU else len(MENU))
    return Library(
        topics={topic.id: topic for _, group in ordered for topic in group.topics},
        groups={group.group: group.title for _, group in ordered},
        sources=sources,
        places=places,
        official=official,
        talk=talk,
        media=content / "media",
        warnings=tuple(problems),
        digests={name: _digest(content / "media" / name) for _, group in ordered for topic in group.topics for name in _shown(topic)},
    )


def _shown(topic: Topic) -> list[str]:
    media = topic.media
    return [name for name in (media.photo, media.video, media.audio, media.document) if name] if media else []


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(content: Path) -> str:
    """Changes when any content file's name, size or time does: cheap enough to ask every second."""
    digest = hashlib.sha256()
    for path in sorted({*content.rglob("*.y*ml"), *(content / "media").rglob("*")}):
        try:
            stat = path.stat()
        except FileNotFoundError:  # being replaced by an editor this very moment
            continue
        digest.update(f"{path}:{stat.st_size}:{stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def _read(content: Path, name: str) -> Document:
    return read(content / name, shown_as=f"{content.name}/{name}")


def _collect[T](problems: list[Problem], value: T | None, found: list[Problem]) -> T | None:
    problems += found
    return value


def _sources(content: Path, problems: list[Problem]) -> dict[str, SourceDocument]:
    document = _read(content, "sources.yml")
    problems += document.problems
    result: dict[str, SourceDocument] = {}
    for key, value in (document.data or {}).items():
        entry = Document(document.file, value)
        source, found = validate(SourceDocument, entry)
        problems += [document.problem((key,), problem.message) for problem in found]
        if source:
            result[key] = source
    return result


def _raw[T](content: Path, name: str, build: type[T], problems: list[Problem]) -> T | None:
    document = _read(content, name)
    problems += document.problems
    if document.problems:
        return None
    try:
        return build(document.data)  # type: ignore[call-arg]
    except (KeyError, TypeError, ValueError) as error:
        problems.append(document.problem((), f"thiếu hoặc sai mục {error}"))
        return None


def _check(
    groups: list[tuple[Document, Group]], sources: dict[str, SourceDocument], official: Official | None, media: Path, whole: bool
) -> list[Problem]:
    check = _Check(sources, official, media, {topic.id for _, group in groups for topic in group.topics} if whole else None)
    for document, group in groups:
        for index, topic in enumerate(group.topics):
            check.topic(document, group, index, topic)
    return check.problems


@dataclass
class _Check:
    """What one file alone cannot tell: references, periods, repeats. `known` is None while a broken file hides some topics."""

    sources: dict[str, SourceDocument]
    official: Official | None
    media: Path
    known: set[str] | None
    problems: list[Problem] = field(default_factory=list)
    seen_topics: dict[str, str] = field(default_factory=dict)
    seen_examples: dict[str, str] = field(default_factory=dict)

    def topic(self, document: Document, group: Group, index: int, topic: Topic) -> None:
        here = ("topics", index)

        def add(path: tuple[str | int, ...], message: str, warning: bool = False) -> None:
            self.problems.append(document.problem((*here, *path), f'câu "{topic.id}": {message}', warning))

        if topic.id.split("/")[0] != group.group:
            add(("id",), f'phải bắt đầu bằng "{group.group}/" vì nằm trong nhóm {group.group}')
        if topic.id in self.seen_topics:
            add(("id",), f"đã có trong {self.seen_topics[topic.id]}. Mỗi câu chỉ viết một lần")
        self.seen_topics[topic.id] = document.file
        for position, other in enumerate(topic.related):
            if self.known is not None and other not in self.known:
                add(("related", position), f'không có câu nào tên "{other}". Xem lại mã câu')
            elif other == topic.id:
                add(("related", position), "không tự liên quan đến chính nó")
        for position, button in enumerate(topic.buttons):
            if self.official and not self.official.is_official(button.url):
                add(("buttons", position, "url"), f"{button.url} không có trong content/official.yml nên không được đưa cho bà con")
        for name in _shown(topic):
            if not (self.media / name).is_file():
                add(("media",), f"không thấy tệp content/media/{name}")
        for problem_path, message in _period_mistakes(topic):
            add(problem_path, message)
        for position, answer in enumerate(topic.answers):
            self.answer(add, position, answer)
        for position, example in enumerate(topic.examples):
            key = " ".join(example.lower().split())
            owner = self.seen_examples.setdefault(key, topic.id)
            if owner != topic.id:
                add(("examples", position), f'"{example}" đã là câu mẫu của "{owner}". Bỏ ở một trong hai nơi')

    def answer(self, add: Callable[[tuple[str | int, ...], str], None], position: int, answer: Answer) -> None:
        for number, ref in enumerate(answer.sources):
            path = ("answers", position, "sources", number)
            source = self.sources.get(ref.doc)
            if source is None:
                add(path, f'không có văn bản nào tên "{ref.doc}" trong content/sources.yml. Thêm vào đó hoặc sửa lại mã')
            elif not _overlap(source.in_force, source.until, answer.start, answer.until):
                add(path, f'"{ref.doc}" không có hiệu lực trong giai đoạn này. Chọn văn bản khác')
        length = sum(map(len, (answer.short, *answer.steps, answer.note or "", *answer.parts.values())))
        if length > LONGEST_ANSWER:
            add(("answers", position), f"cả câu trả lời dài {length} ký tự, tối đa {LONGEST_ANSWER}. Viết ngắn lại")


def _period_mistakes(topic: Topic) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    last = len(topic.answers) - 1
    if topic.answers[0].start is not None:
        found.append((("answers", 0, "from"), "giai đoạn đầu tiên phải có from: null"))
    if topic.answers[last].until is not None:
        found.append(
            (("answers", last, "until"), "giai đoạn cuối cùng phải có until: null, nếu không sau ngày đó bà con không có câu trả lời")
        )
    for index, (before, after) in enumerate(topic.seams()):
        path = ("answers", index + 1, "from")
        if before.until is None or after.start is None:
            found.append((path, "chỉ giai đoạn đầu được from: null và giai đoạn cuối được until: null"))
        elif after.start <= before.until:
            found.append(
                (path, f"chồng lên giai đoạn trước (đến {before.until:%d/%m/%Y}). Sửa from thành {before.until + timedelta(days=1)}")
            )
        elif after.start > before.until + timedelta(days=1):
            found.append(
                (path, f"bỏ trống từ {before.until + timedelta(days=1):%d/%m/%Y}. Sửa from thành {before.until + timedelta(days=1)}")
            )
    return found


def _overlap(a: date | None, b: date | None, c: date | None, d: date | None) -> bool:
    return not ((b and c and b < c) or (a and d and d < a))
