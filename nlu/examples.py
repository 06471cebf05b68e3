"""Training examples as staff write them: `content/faq/*.yml` and `nlu/data/*.yml`."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlu.paths import CONTENT, NLU_DATA

OUT_OF_SCOPE = "out_of_scope"


class ExamplesError(Exception):
    """The examples cannot be learned from; the message says which file and what is wrong."""


@dataclass(frozen=True)
class Example:
    """One way of asking. `label`: a topic "group/name", "talk/<intent>", or "out_of_scope"."""

    text: str
    label: str


def load_yaml(path: Path) -> Any:
    """The parsed file. Raises ExamplesError naming the file when it is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ExamplesError(f"{path}: {error}") from error


def load_topics(content: Path = CONTENT) -> "list[dict[str, Any]]":
    """All FAQ topics as written, each with its `group`; `content/faq/*.yml` in file order."""
    topics = []
    for path in sorted((content / "faq").glob("*.yml")):
        document = load_yaml(path) or {}
        for topic in document.get("topics") or []:
            topics.append({**topic, "group": document["group"]})
    return topics


def load_examples(content: Path = CONTENT, data: Path = NLU_DATA) -> "list[Example]":
    """Every example once. The topic's own question and title are examples too.

    Raises ExamplesError when the same text is given to two labels: a model cannot learn both.
    """
    examples = [
        Example(text, topic["id"])
        for topic in load_topics(content)
        for text in [topic["question"], topic["title"], *(topic.get("examples") or [])]
    ]
    for path in sorted(data.glob("*.yml")):
        document = load_yaml(path) or {}
        for talk in document.get("talk") or []:
            examples += [Example(text, f"talk/{talk['intent']}") for text in talk["examples"]]
        examples += [Example(text, OUT_OF_SCOPE) for text in document.get("out_of_scope") or []]
    return list(dict.fromkeys(Example(str(e.text), e.label) for e in examples))


def parts_by_topic(content: Path = CONTENT) -> "dict[str, list[str]]":
    """For each topic the `parts` any of its answers has."""
    parts: dict[str, set[str]] = defaultdict(set)
    for topic in load_topics(content):
        for answer in topic.get("answers") or []:
            parts[topic["id"]].update(answer.get("parts") or {})
    return {topic: sorted(found) for topic, found in parts.items()}
