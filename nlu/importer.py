"""Feeds the content's examples to Rasa as training data, so that no generated files are needed."""

from collections import defaultdict
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.examples import load_examples

# Message properties of our own: what the classifier is to predict, and the ways of asking it.
LABEL = "label"
EXAMPLES = "examples"


def intent_of(label: str) -> str:
    """The Rasa intent of a label: "talk/greet" → "greet", a topic → "faq", "out_of_scope" is itself."""
    if label.startswith("talk/"):
        return label.partition("/")[2]
    return "faq" if "/" in label else label


class ContentImporter(TrainingDataImporter):
    """Examples of `content/faq` and `nlu/data`; domain, rules and config come from Rasa's own file importer.

    One message a label, with all its examples: Rasa copies, merges and fingerprints each message several times over,
    which for 19,000 messages cost a third of the training. Only our classifier learns from them.
    """

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
    ) -> None:
        by_label: defaultdict[str, list[str]] = defaultdict(list)
        for example in load_examples():
            by_label[example.label].append(example.text)
        self._messages = [
            Message({TEXT: texts[0], INTENT: intent_of(label), LABEL: label, EXAMPLES: texts}) for label, texts in by_label.items()
        ]

    def get_nlu_data(self, language: str | None = "vi") -> TrainingData:
        return TrainingData(self._messages)

    def get_domain(self) -> Domain:
        return Domain.empty()

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        return StoryGraph([])

    def get_config(self) -> dict[str, Any]:
        return {}

    def get_config_file_for_auto_config(self) -> str | None:
        return None
