"""Sparse features of a question: words and pieces of words, with and without diacritics."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

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


class _Block:
    """One kind of pieces: rows of unit length times `weight`.

    Learned by scikit-learn's vectorizer, read without it: for one text its `transform` makes and checks several matrices,
    which took a sixth of a turn. A test holds both to the same figures.
    """

    def __init__(self, weight: float = 1.0, **kind: Any) -> None:
        self._weight = weight
        self._vectorizer = TfidfVectorizer(lowercase=False, sublinear_tf=True, dtype=np.float32, **kind)

    def fit_transform(self, texts: "list[str]") -> sp.csr_matrix:
        rows = self._vectorizer.fit_transform(texts)
        self._analyse = self._vectorizer.build_analyzer()
        self._columns = self._vectorizer.vocabulary_
        self._rarity = self._vectorizer.idf_.astype(np.float32)
        return rows * self._weight

    @property
    def width(self) -> int:
        """How many pieces are known."""
        return len(self._rarity)

    def row(self, text: str) -> "tuple[np.ndarray, np.ndarray]":
        """(columns, values) of one text's row."""
        known = self._columns
        counts = Counter([known[piece] for piece in self._analyse(text) if piece in known])
        columns = np.fromiter(counts, np.int32, len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self._rarity[columns]
        return columns, _unit(values) * np.float32(self._weight)


class Features:
    """Texts to unit-length sparse rows; learned from training texts, then fixed.

    Three blocks: words as typed, words without diacritics (1–2), letters without diacritics (3–4 within words).
    Diacritics help where they are; nothing depends on them.
    """

    def __init__(self, normaliser: bool = True) -> None:
        self._spell = normalise if normaliser else str.lower
        self._marked = _Block(_MARKED_WEIGHT, tokenizer=_tokens, token_pattern=None, min_df=3)
        self._bare = _Block(tokenizer=_tokens, token_pattern=None, ngram_range=(1, 2), min_df=3)
        self._letters = _Block(analyzer="char_wb", ngram_range=(3, 4), min_df=5)

    def fit_transform(self, texts: "Iterable[str]") -> sp.csr_matrix:
        """Learns from `texts` and returns their rows."""
        marked, bare = self._spellings(texts)
        blocks = [self._marked.fit_transform(marked), self._bare.fit_transform(bare), self._letters.fit_transform(bare)]
        return unit_length(sp.hstack(blocks, format="csr"))

    def transform(self, texts: "Iterable[str]") -> sp.csr_matrix:
        """One row per text; float32, of unit length (or zero for a text of unknown pieces only)."""
        rows = [self._row(marked, bare) for marked, bare in zip(*self._spellings(texts), strict=True)]
        columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        ends = np.cumsum([0, *(len(row) for row, _ in rows)])
        width = self._marked.width + self._bare.width + self._letters.width
        return sp.csr_matrix((values, columns, ends), shape=(len(rows), width))

    def _row(self, marked: str, bare: str) -> "tuple[np.ndarray, np.ndarray]":
        words, plain, letters = self._marked.row(marked), self._bare.row(bare), self._letters.row(bare)
        after = self._marked.width, self._marked.width + self._bare.width
        columns = np.concatenate([words[0], plain[0] + after[0], letters[0] + after[1]])
        return columns, _unit(np.concatenate([words[1], plain[1], letters[1]]))

    def _spellings(self, texts: "Iterable[str]") -> "tuple[list[str], list[str]]":
        marked = [self._spell(_NUMBERS.sub(_NUMBER_WORD, text)) for text in texts]
        return marked, [fold(text) for text in marked]


def _unit(values: np.ndarray) -> np.ndarray:
    length = np.sqrt(values @ values)
    return values / length if length else values
