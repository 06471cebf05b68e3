"""Stock Rasa on the same content: the pipeline and policies `rasa init` gives, trained from files in Rasa's own formats."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from bench.contenders import Understand
from bench.contenders.fallback import AMBIGUITY, THRESHOLD, decided
from nlu.examples import OUT_OF_SCOPE, load_examples, load_topics

FALLBACK = "nlu_fallback"
_NETWORKS = {"DIETClassifier", "TEDPolicy"}
_PIPELINE: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "DIETClassifier"},
    {"name": "EntitySynonymMapper"},
    {"name": "FallbackClassifier", "threshold": THRESHOLD, "ambiguity_threshold": AMBIGUITY},
]
_POLICIES: list[dict[str, Any]] = [
    {"name": "MemoizationPolicy"},
    {"name": "TEDPolicy", "max_history": 5},
    {"name": "RulePolicy"},
]


def train(folder: Path, dialogue: bool, epochs: int) -> None:
    """dialogue: also the policies; without, understanding only."""
    from rasa.model_training import train as train_model
    from rasa.model_training import train_nlu

    write_project(folder, epochs)
    where = {"output": str(folder), "fixed_model_name": "model"}
    config, nlu = str(folder / "config.yml"), str(folder / "nlu.yml")
    if dialogue:
        train_model(str(folder / "domain.yml"), config, [nlu, str(folder / "stories.yml")], force_training=True, **where)
    else:
        train_nlu(config, nlu, **where)


def load(folder: Path) -> Understand:
    from rasa.core.agent import Agent

    agent = Agent.load(str(folder / "model.tar.gz"))
    loop = asyncio.new_event_loop()

    def understand(text: str) -> dict[str, Any]:
        parsed = loop.run_until_complete(agent.parse_message(text))
        ranking = [(label_of(each["name"]), float(each["confidence"])) for each in parsed["intent_ranking"] if each["name"] != FALLBACK]
        return decided(text, ranking)

    return understand


def write_project(folder: Path, epochs: int) -> None:
    """config, domain, nlu, stories and credentials: one intent a label, one fixed reply each, one rule and one story each."""

    def learning(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [part | ({"epochs": epochs} if part["name"] in _NETWORKS else {}) for part in parts]

    examples = defaultdict(list)
    for example in load_examples():
        examples[intent_of(example.label)].append(" ".join(example.text.split()))
    answers = {intent_of(topic["id"]): topic["answers"][-1]["short"] for topic in load_topics()}
    replies = {intent: answers.get(intent, intent) for intent in [*examples, FALLBACK]}
    files: dict[str, Any] = {
        "config": {
            "recipe": "default.v1",
            "assistant_id": "stock",
            "language": "vi",
            "pipeline": learning(_PIPELINE),
            "policies": learning(_POLICIES),
        },
        "domain": {
            "version": "3.1",
            "intents": list(examples),
            "responses": {f"utter_{intent}": [{"text": text}] for intent, text in replies.items()},
            "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
        },
        "nlu": {
            "version": "3.1",
            "nlu": [{"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in examples.items()],
        },
        "stories": {
            "version": "3.1",
            "rules": [{"rule": intent, "steps": _turn(intent)} for intent in replies],
            "stories": [
                {"story": f"{intent}, then thanks", "steps": [*_turn(intent), *_turn(intent_of("talk/thanks"))]} for intent in answers
            ],
        },
        "credentials": {"rest": None},
    }
    for name, content in files.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000), encoding="utf-8")


def _turn(intent: str) -> list[dict[str, str]]:
    return [{"intent": intent}, {"action": f"utter_{intent}"}]


def intent_of(label: str) -> str:
    """Rasa gives a slash in an intent a meaning of its own."""
    return label.replace("/", "__")


def label_of(intent: str) -> str:
    return OUT_OF_SCOPE if intent == OUT_OF_SCOPE else intent.replace("__", "/", 1)
