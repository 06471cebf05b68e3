"""The least one can do: TF-IDF of words and logistic regression, on the examples as they are written."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from bench.contenders import Understand
from bench.contenders.fallback import decided
from nlu.examples import load_examples

_FILE = "plain.pickle"


def train(folder: Path) -> None:
    examples = load_examples()
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=1000))
    model.fit([example.text for example in examples], [example.label for example in examples])
    (folder / _FILE).write_bytes(pickle.dumps(model))


def load(folder: Path) -> Understand:
    model = pickle.loads((folder / _FILE).read_bytes())  # written by our own training a moment ago

    def understand(text: str) -> dict[str, Any]:
        shares = model.predict_proba([text])[0]
        return decided(text, sorted(zip(model.classes_, map(float, shares), strict=True), key=lambda pair: -pair[1])[:10])

    return understand
