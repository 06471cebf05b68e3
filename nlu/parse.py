"""`python -m nlu.parse`: questions from stdin, one a line, to JSON lines on stdout, in order."""

import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from nlu.quiet import quieten

_BATCH = 64


def main() -> int:
    """Loads the newest model; exit code 1 when there is none."""
    quieten()
    from nlu.fingerprint import newest_model

    model = newest_model()
    if model is None:
        print("no model to parse with: run python -m nlu.train", file=sys.stderr)
        return 1
    parser = Parser(str(model))
    for lines in batches(sys.stdin):
        for result in parser.parse(lines):
            print(json.dumps(result, ensure_ascii=False))
        sys.stdout.flush()
    return 0


def batches(stream: TextIO) -> "Iterator[list[str]]":
    """Lines without their ends, up to 64 at a time; a line typed at a terminal comes at once."""
    lines: list[str] = []
    for line in stream:
        lines.append(line.rstrip("\n"))
        if len(lines) == _BATCH or stream.isatty():
            yield lines
            lines = []
    if lines:
        yield lines


class Parser:
    """Understands questions by themselves, without a conversation."""

    def __init__(self, model: str) -> None:
        from rasa.core.agent import Agent

        processor = Agent.load(model).processor
        self._runner = processor.graph_runner
        self._target = processor.model_metadata.nlu_target

    def parse(self, texts: "list[str]") -> "list[dict[str, Any]]":
        """One result per text, in order: text, decision, topic, confidence, ranking, intent, entities."""
        from rasa.core.channels.channel import UserMessage
        from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
        from rasa.shared.core.trackers import DialogueStateTracker

        tracker = DialogueStateTracker.from_events("parse", [])
        messages = [UserMessage(text) for text in texts]
        parsed = self._runner.run(inputs={PLACEHOLDER_MESSAGE: messages, PLACEHOLDER_TRACKER: tracker}, targets=[self._target])
        return [result(text, message.as_dict()) for text, message in zip(texts, parsed[self._target], strict=True)]


def result(text: str, parsed: dict[str, Any]) -> "dict[str, Any]":
    """One line's result; `topic` only when the decision is to answer."""
    understood = parsed["understood"]
    return {
        "text": text,
        "decision": understood["decision"],
        "topic": understood["topics"][0] if understood["decision"] == "answer" else None,
        "confidence": understood["confidence"],
        "ranking": understood["ranking"],
        "intent": parsed["intent"]["name"],
        "entities": parsed["entities"],
    }


if __name__ == "__main__":
    sys.exit(main())
