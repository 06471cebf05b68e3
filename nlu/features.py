"""Sparse features of a question: words and pieces of words, with and without diacritics."""

import re
from collections.abc import Iterable

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize as unit_length

from vietnamese import fold, normalise

_MARKED_WEIGHT = 0.7
# Which phone or account number it is says nothing; that there is one says a lot.
_NUMBERS = re.compile(r"\+?\d(?:[ .-]?\d){7,}")
_NUMBER_WORD = " dãysố "


def _tokens(text: str) -> "list[str]":
    return text.split()


class Features:
    """Texts to unit-length sparse rows; learned from training texts, then fixed.

    Three blocks: words as typed, words without diacritics (1–2), letters without diacritics (3–4 within words).
    Diacritics help where they are; nothing depends on them.
    """

    def __init__(self, normaliser: bool = True) -> None:
        self._spell = normalise if normaliser else str.lower
        common = {"lowercase": False, "sublinear_tf": True, "dtype": np.float32}
        self._marked = TfidfVectorizer(tokenizer=_tokens, token_pattern=None, min_df=3, **common)
        self._bare = TfidfVectorizer(tokenizer=_tokens, token_pattern=None, ngram_range=(1, 2), min_df=3, **common)
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), min_df=5, **common)

    def fit_transform(self, texts: "Iterable[str]") -> sp.csr_matrix:
        """Learns from `texts` and returns their rows."""
        marked, bare = self._spellings(texts)
        return self._rows(self._marked.fit_transform(marked), self._bare.fit_transform(bare), self._letters.fit_transform(bare))

    def transform(self, texts: "Iterable[str]") -> sp.csr_matrix:
        """One row per text; float32, of unit length (or zero for a text of unknown pieces only)."""
        marked, bare = self._spellings(texts)
        return self._rows(self._marked.transform(marked), self._bare.transform(bare), self._letters.transform(bare))

    @staticmethod
    def _rows(marked: sp.csr_matrix, bare: sp.csr_matrix, letters: sp.csr_matrix) -> sp.csr_matrix:
        return unit_length(sp.hstack([marked * _MARKED_WEIGHT, bare, letters], format="csr"))

    def _spellings(self, texts: "Iterable[str]") -> "tuple[list[str], list[str]]":
        marked = [self._spell(_NUMBERS.sub(_NUMBER_WORD, text)) for text in texts]
        return marked, [fold(text) for text in marked]
