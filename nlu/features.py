"""Sparse features of a question: words and pieces of words, with and without diacritics."""

from typing import Iterable

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize as unit_length

from vietnamese import fold, normalise


def _tokens(text: str) -> "list[str]":
    return text.split()


def _spaced(text: str) -> str:
    return text


class Features:
    """Texts to unit-length sparse rows; learned from training texts, then fixed.

    Three blocks: words as typed (1–2), words without diacritics (1–3), letters without diacritics (2–5 within words).
    Diacritics help where they are; nothing depends on them.
    """

    def __init__(self, normaliser: bool = True) -> None:
        self._spell = normalise if normaliser else str.lower
        common = {"lowercase": False, "sublinear_tf": True, "dtype": np.float32}
        self._marked = TfidfVectorizer(tokenizer=_tokens, token_pattern=None, ngram_range=(1, 2), min_df=2, **common)
        self._bare = TfidfVectorizer(tokenizer=_tokens, token_pattern=None, ngram_range=(1, 3), min_df=2, **common)
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, **common)

    def fit(self, texts: "Iterable[str]") -> "Features":
        marked, bare = self._spellings(texts)
        self._marked.fit(marked)
        self._bare.fit(bare)
        self._letters.fit(bare)
        return self

    def transform(self, texts: "Iterable[str]") -> sp.csr_matrix:
        """One row per text; float32, rows of unit length (or zero for a text of unknown pieces only)."""
        marked, bare = self._spellings(texts)
        blocks = [self._marked.transform(marked) * 0.7, self._bare.transform(bare), self._letters.transform(bare)]
        return unit_length(sp.hstack(blocks, format="csr"))

    def _spellings(self, texts: "Iterable[str]") -> "tuple[list[str], list[str]]":
        marked = [self._spell(text) for text in texts]
        return marked, [fold(text) for text in marked]
