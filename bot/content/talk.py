"""The fixed texts of `content/talk.yml`: what the bot says when it is not answering a topic."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from bot.content.positions import Document
from bot.errors import Problem

# What Rasa may ask the bot to say besides answers; each has a text of its name.
SmallTalkKind = Literal[
    "greet",
    "thanks",
    "bye",
    "capabilities",
    "bot",
    "complaint",
    "distress",
    "rude",
    "joke",
    "injection",
    "smalltalk",
    "affirm",
    "deny",
    "none_of_these",
    "cancelled",
    "media",
]
# Every text the bot may need, with the placeholders it may use. The reader of a missing key is a resident without a reply, so all must be there.
KEYS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            *get_args(SmallTalkKind),
            "voice_note",
            "sticker",
            "photo",
            "too_long",
            "error",
            "busy",
            "out_of_scope",
            "out_of_scope_again",
            "clarify",
            "menu",
            "handoff",
            "degraded",
            "consent",
            "unsubscribed",
            "not_subscribed",
            "data_deleted",
            "feedback_thanks_yes",
            "feedback_thanks_no",
            "ask_place",
            "ask_place_again",
            "ask_place_options",
            "ask_age",
            "ask_age_again",
            "ask_card",
            "ask_consent_buttons",
            "ask_confirm_unsubscribe",
            "ask_my_data_choice",
            "ask_confirm_delete",
            "ask_scam_message",
            "resume",
        ),
        frozenset(),
    ),
    "group_menu": frozenset({"group"}),
    "subscribed": frozenset({"place"}),
    "already_subscribed": frozenset({"place"}),
    "my_data_shown": frozenset({"data"}),
}


@dataclass(frozen=True)
class Talk:
    """`say("subscribed", place="Xã Diễn Kỷ")`. `consent_version` names the consent text that was agreed to."""

    texts: Mapping[str, str]
    consent_version: str

    def say(self, key: str, **values: str) -> str:
        return self.texts[key].format_map(values) if values else self.texts[key]


def load_talk(document: Document, problems: list[Problem]) -> Talk | None:
    """Texts by key, or None with the mistakes added to `problems`."""
    problems += document.problems
    if document.problems:
        return None
    data = dict(document.data or {})
    version = data.pop("consent_version", None)
    found = [] if version else [document.problem((), 'thiếu "consent_version": mã của câu đồng ý, ví dụ 2026-11-1')]
    for key in sorted(KEYS.keys() - data.keys()):
        found.append(document.problem((), f'thiếu câu "{key}"'))
    for key, text in data.items():
        if key not in KEYS:
            found.append(document.problem((key,), f'không có câu nào tên "{key}". Xem lại chính tả hoặc xóa đi'))
        elif not isinstance(text, str) or not text.strip():
            found.append(document.problem((key,), f'câu "{key}" phải là chữ'))
        elif unknown := _placeholders(text) - KEYS[key]:
            allowed = ", ".join(f"{{{name}}}" for name in sorted(KEYS[key])) or "không có"
            found.append(document.problem((key,), f'câu "{key}" dùng {{{min(unknown)}}}; chỗ trống được dùng: {allowed}'))
    problems += found
    return None if found else Talk({key: text.strip() for key, text in data.items()}, str(version))


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
