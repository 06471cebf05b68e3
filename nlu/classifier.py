"""The Rasa component around the topic model: sets intent, ranking and decision on each message."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import joblib
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.decision import ANSWER, CLARIFY, REFUSE, Decision, Thresholds, about_scam, decide
from nlu.entities import has_foreign_link, has_number
from nlu.examples import Example
from nlu.followups import the_subjects
from nlu.importer import EXAMPLES, LABEL
from nlu.model import TopicModel
from nlu.questions import after_courtesies, is_story, questions

logger = logging.getLogger(__name__)

# The message property that carries the decision to the actions and the channel.
UNDERSTOOD = "understood"
_FILE = "topics.pickle"
SEVERAL = 0.8  # least confidence in each of several questions to answer them all
_MOST_ANSWERS = 3


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TopicClassifier(GraphComponent, IntentClassifier):
    """Trains on `label` and predicts the intents faq, clarify, out_of_scope and those of talk.

    `understood` on the message is {"decision", "label", "topics", "confidence", "ranking": [{"topic", "confidence"}]}.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "normaliser": True,  # spell texts one way before looking at them
            "augmentation": 0.5,  # how many misspelt, shortened, dialect copies to learn from
            "strength": 1.0,  # inverse regularisation of the linear classifier
            "answer": 0.8,  # thresholds: see nlu/decision.py
            "story": 0.9,
            "talk": 0.5,
            "refuse": 0.4,
        }

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: TopicModel) -> None:
        self._storage = storage
        self._resource = resource
        self.model = model
        self.thresholds = Thresholds(config["answer"], config["story"], config["talk"], config["refuse"])

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> TopicClassifier:
        model = TopicModel(config["normaliser"], config["augmentation"], config["strength"])
        return cls(config, model_storage, resource, model)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TopicClassifier:
        # The archive is written by our own training on this machine; nothing from outside is unpickled.
        with model_storage.read_from(resource) as directory:
            return cls(config, model_storage, resource, joblib.load(directory / _FILE))

    def train(self, training_data: TrainingData) -> Resource:
        examples = [Example(text, message.get(LABEL)) for message in training_data.intent_examples for text in message.get(EXAMPLES)]
        self.model.fit(examples, progress=logger.info)
        with self._storage.write_to(self._resource) as directory:
            # Rasa packs the model as tightly as gzip can, which takes 9 s of loose numbers and 1 s of packed ones.
            joblib.dump(self.model, directory / _FILE, compress=1)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        for message, decision in zip(messages, self.understand([message.get(TEXT) or "" for message in messages]), strict=True):
            confidence = {PREDICTED_CONFIDENCE_KEY: decision.confidence}
            message.set(INTENT, {INTENT_NAME_KEY: intent_name(decision), **confidence}, add_to_output=True)
            message.set(UNDERSTOOD, as_dict(decision), add_to_output=True)
        return messages

    def understand(self, texts: list[str]) -> list[Decision]:
        """One decision per text, in order; everything is scored in one batch."""
        asked = [questions(text) for text in texts]
        plain = [after_courtesies(text) for text in texts]
        read = [*texts, *plain, *(question for each in asked for question in each)]
        distinct = list(dict.fromkeys(read))  # most messages begin without courtesies
        scored = dict(zip(distinct, self.model.score(distinct), strict=True))
        decisions = [decide(scored[text], self.thresholds, is_story(text)) for text in read]
        pieces = iter(decisions[2 * len(texts) :])
        whole = [
            # "Cảm ơn nhiều nhé, cho hỏi …": what comes after the courtesies is what matters, if it is clear.
            bare if whole.decision != ANSWER and bare.decision == ANSWER else whole
            for whole, bare in zip(decisions[: len(texts)], decisions[len(texts) :], strict=False)
        ]
        whole = [
            self._together(decision, each, [next(pieces) for _ in each]) if each else decision
            for decision, each in zip(whole, asked, strict=True)
        ]
        return [about_scam(decision, has_foreign_link(text), has_number(text)) for decision, text in zip(whole, texts, strict=True)]

    def _together(self, whole: Decision, asked: list[str], apart: list[Decision]) -> Decision:
        """Several questions in one message: all are answered when each is sure, else the message counts as one."""
        topics: list[str] = []
        for question, decision in zip(asked, apart, strict=True):
            cues = the_subjects().cues(question)
            if cues.elliptical and topics:
                topics.append(the_subjects().resolve(cues, topics[-1])[0])
            elif decision.decision == ANSWER and decision.confidence >= SEVERAL:
                topics += decision.topics
            else:
                return whole
        topics = list(dict.fromkeys(topics))[:_MOST_ANSWERS]
        # What the whole is surely about may not get lost over its parts.
        if len(topics) < 2 or (whole.decision == ANSWER and whole.label not in topics):
            return whole
        return replace(whole, decision=ANSWER, label=topics[0], topics=tuple(topics))


def intent_name(decision: Decision) -> str:
    """The Rasa intent a decision stands for in rules and stories."""
    if decision.decision in (CLARIFY, REFUSE):
        return decision.decision
    return "faq" if decision.decision == ANSWER else decision.label.partition("/")[2]


def as_dict(decision: Decision) -> dict[str, Any]:
    """The decision as JSON: how it travels in the message, to the actions and to the channel."""
    return {
        "decision": decision.decision,
        "label": decision.label,
        "topics": list(decision.topics),
        "confidence": round(decision.confidence, 4),
        "ranking": [{"topic": label, "confidence": round(share, 4)} for label, share in decision.ranking],
    }
