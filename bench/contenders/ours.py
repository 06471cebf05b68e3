"""Our own pipeline, whole or with a part of it switched off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bench.contenders import Understand
from nlu.paths import CONFIG, DOMAIN, STORIES

_CLASSIFIER = "nlu.classifier.TopicClassifier"
VARIANTS: dict[str, dict[str, Any]] = {
    "ours": {},
    "ours-no-normaliser": {"normaliser": False},
    "ours-no-copies": {"augmentation": 0.0},
}


def train(folder: Path, changes: dict[str, Any]) -> None:
    """As `loa train` does, with `changes` to the classifier's settings. Raises KeyError for a setting it does not have."""
    from rasa.model_training import train as train_model

    from nlu.classifier import TopicClassifier

    for name in changes:
        TopicClassifier.get_default_config()[name]
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    for component in config["pipeline"]:
        if component["name"] == _CLASSIFIER:
            component.update(changes)
    changed = folder / "config.yml"
    changed.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
    train_model(str(DOMAIN), str(changed), [str(STORIES)], output=str(folder), force_training=True, fixed_model_name="model")


def load(folder: Path) -> Understand:
    from nlu.parse import Parser

    parser = Parser(str(folder / "model.tar.gz"))
    return lambda text: parser.parse([text])[0]
