"""The statistical heart: which topic a question is about, how sure that is, and whether it is ours at all.

Two stages. A linear classifier over sparse features scores every label, and the best labels get some more for how near
their closest examples are: what is said in a word or two of one example the classifier may have smoothed away. A small
logistic model then looks at how the scores lie, how near the examples are and how much of the text is known, and says how
likely the first choice is right, and how likely the question is out of scope. Both small models are fitted on predictions
for examples the classifier had not seen, whole families (an example with its copies) kept together.
"""

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from nlu.augment import copies
from nlu.examples import OUT_OF_SCOPE, Example
from nlu.features import Features
from nlu.questions import asking_sentences

_FOLDS = 3
_RIVALS = 5  # labels among whose examples the nearest are sought: all of them would cost more than the rest of a turn
_NEAREST = 3  # examples of a label that count
# Chosen on two hands' questions (3,100) before their lines were learned: +2.5 and +0.6 points, most of it in stories.
_LIKENESS_WEIGHT = 1.5  # of the mean cosine to the nearest examples, beside margins of about -1 to 1
_ASKED_WEIGHT = 0.35  # of a story's asking sentences, beside the whole
_PROCESSES = min(2, os.cpu_count() or 1)  # more would each hold the features once more
_SEED = 20221231
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Scored:
    """What the model thinks of one text.

    labels: all labels, best first; shares: their softmax shares; confidence: chance that the first is right;
    foreign: chance that the text is out of scope.
    """

    labels: tuple[str, ...]
    shares: tuple[float, ...]
    confidence: float
    foreign: float


class TopicModel:
    """Fit once with `fit`, then `score`; pickles."""

    def __init__(self, normaliser: bool = True, augmentation: float = 0.5, strength: float = 1.0) -> None:
        self._normaliser = normaliser
        self._augmentation = augmentation
        self._strength = strength

    @property
    def labels(self) -> "tuple[str, ...]":
        return tuple(self._labels)

    def fit(self, examples: Sequence[Example], progress: Progress = lambda line: None) -> "TopicModel":
        texts, labels, families = self._family_of_copies([*examples, *_gibberish()])
        progress(f"{len(examples)} examples of {len(set(labels))} labels, {len(texts)} with copies")
        self._features = Features(self._normaliser)
        rows = self._features.fit_transform(texts)
        originals = np.r_[True, families[1:] != families[:-1]]
        linear, margins, signs = self._learn(rows, labels, families, originals, progress)
        self._labels = linear.classes_
        self._calibrate(margins, signs, labels)
        # Half the memory, and a plain product is several times quicker than the estimator's own method.
        self._weights = np.ascontiguousarray(linear.coef_.T, np.float32)
        self._bias = linear.intercept_.astype(np.float32)
        self._known = _by_label(rows[originals], labels[originals], self._labels)
        return self

    def score(self, texts: Sequence[str]) -> "list[Scored]":
        """One result per text, in order. In a story the sentences that ask weigh in besides the whole."""
        if not texts:
            return []
        asked = [asking_sentences(text) for text in texts]
        rows = self._features.transform([*texts, *(sentence for each in asked for sentence in each)])
        margins = rows @ self._weights + self._bias
        likeness = _likeness(rows, margins, self._known)
        margins += _LIKENESS_WEIGHT * likeness
        margins, likeness = _weigh_in(margins, asked), _weigh_in(likeness, asked)
        signs = _signs(margins, likeness, rows[: len(texts)], self._labels)
        confidence, foreign = self._right(signs), self._foreign(signs)
        shares = _softmax(margins / self._temperature)
        order = np.argsort(-shares, axis=1)
        return [
            Scored(tuple(self._labels[o]), tuple(map(float, share[o])), float(sure), float(out))
            for o, share, sure, out in zip(order, shares, confidence, foreign, strict=True)
        ]

    def _family_of_copies(self, examples: Sequence[Example]) -> "tuple[list[str], np.ndarray, np.ndarray]":
        rng = random.Random(_SEED)
        texts: list[str] = []
        labels: list[str] = []
        families: list[int] = []
        for family, example in enumerate(examples):
            made = [example.text] + (copies(example.text, rng, self._augmentation) if self._augmentation else [])
            texts += made
            labels += [example.label] * len(made)
            families += [family] * len(made)
        return texts, np.array(labels), np.array(families)

    def _learn(self, rows, labels, families, originals, progress: Progress) -> "tuple[LinearSVC, np.ndarray, np.ndarray]":
        """The classifier of everything; margins and signs of every row, each from a classifier that had not seen its family."""
        folds = list(StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=_SEED).split(rows, labels, families))
        classes, margins, signs = np.unique(labels), [], []
        jobs = [delayed(_fit)(rows, labels, self._strength)]
        for seen, unseen in folds:
            # Without the copies: a third of the time, and the scores lie much the same.
            near = seen[originals[seen]]
            jobs.append(delayed(_check)(rows[near], labels[near], rows[unseen], classes, self._strength))
        results = Parallel(_PROCESSES, return_as="generator", max_nbytes=None)(jobs)
        linear = next(results)
        progress("fitted on everything")
        for number, (margin, sign) in enumerate(results, 1):
            progress(f"checked on examples held back, {number} of {_FOLDS}")
            margins.append(margin)
            signs.append(sign)
        back = np.argsort(np.concatenate([unseen for _, unseen in folds]))
        return linear, np.concatenate(margins)[back], np.concatenate(signs)[back]

    def _calibrate(self, margins: np.ndarray, signs: np.ndarray, labels: np.ndarray) -> None:
        truth = np.searchsorted(self._labels, labels)
        grid = np.geomspace(0.05, 1.0, 25)
        losses = [-np.log(_softmax(margins / t)[np.arange(len(truth)), truth] + 1e-9).mean() for t in grid]
        self._temperature = float(grid[int(np.argmin(losses))])
        # The signs hold shares at a fixed temperature, so calibrating the temperature later does not move them.
        self._right = _Chance(signs, margins.argmax(1) == truth)
        self._foreign = _Chance(signs, labels == OUT_OF_SCOPE)


class _Chance:
    """Logistic regression on standardised signs; kept as one weight a sign, since scikit-learn checks more than it computes."""

    def __init__(self, signs: np.ndarray, happened: np.ndarray) -> None:
        scale = StandardScaler().fit(signs)
        fitted = LogisticRegression(C=1.0, max_iter=1000).fit(scale.transform(signs), happened)
        self._weights = fitted.coef_[0] / scale.scale_
        self._bias = fitted.intercept_[0] - self._weights @ scale.mean_

    def __call__(self, signs: np.ndarray) -> np.ndarray:
        """The chance of each row of `signs`."""
        return expit(signs @ self._weights + self._bias)


def _fit(rows: sp.csr_matrix, labels: np.ndarray, strength: float) -> LinearSVC:
    return LinearSVC(C=strength, random_state=_SEED).fit(rows, labels)


def _check(known: sp.csr_matrix, labels: np.ndarray, unseen: sp.csr_matrix, classes, strength: float) -> "tuple[np.ndarray, np.ndarray]":
    """Margins and signs of `unseen` rows from a classifier that knows only the `known` ones."""
    margins = _fit(known, labels, strength).decision_function(unseen).astype(np.float32)
    likeness = _likeness(unseen, margins, _by_label(known, labels, classes))
    margins += _LIKENESS_WEIGHT * likeness
    return margins, _signs(margins, likeness, unseen, classes)


def _weigh_in(scores: np.ndarray, asked: "list[list[str]]") -> np.ndarray:
    """The rows of whole texts, each moved towards those of its asking sentences, which follow them in the same order."""
    whole, apart = scores[: len(asked)], scores[len(asked) :]
    for row, each in zip(whole, asked, strict=True):
        if each:
            row += _ASKED_WEIGHT * (apart[: len(each)].mean(0) - row)
            apart = apart[len(each) :]
    return whole


def _signs(margins, likeness, rows: sp.csr_matrix, classes) -> np.ndarray:
    """How trustworthy each row's scores look; shape (rows, signs)."""
    best = np.sort(margins, axis=1)[:, ::-1][:, :3]
    shares = _softmax(margins / 0.2)
    top = np.sort(shares, axis=1)[:, ::-1][:, :3]
    first = margins.argmax(1)
    foreign = np.flatnonzero(classes == OUT_OF_SCOPE)
    foreign_margin = margins[:, foreign[0]] if len(foreign) else np.full(len(margins), -1.0)
    near, near_first = likeness.max(1), likeness[np.arange(len(first)), first]
    return np.column_stack(
        [
            best[:, 0], best[:, 0] - best[:, 1], best[:, 1] - best[:, 2], top[:, 0], top[:, 0] - top[:, 1],
            np.log(top[:, 0] + 1e-6), foreign_margin, best[:, 0] - foreign_margin, first == (foreign[0] if len(foreign) else -1),
            near, near_first, near - near_first, np.log1p(np.diff(rows.indptr)),
        ]
    )  # fmt: skip


def _gibberish(amount: int = 60) -> "list[Example]":
    """Keys hit at random: what small children and pockets type. No list of these could be complete."""
    rng = random.Random(_SEED)
    keys = "asdfghjklqwertyuiopzxcvbnm"
    words = ["".join(rng.choices(keys, k=rng.randint(1, 9))) for _ in range(amount * 3)]
    return [Example(" ".join(rng.sample(words, rng.randint(1, 4))), OUT_OF_SCOPE) for _ in range(amount)]


def _by_label(rows: sp.csr_matrix, labels: np.ndarray, classes: np.ndarray) -> "list[sp.csr_matrix]":
    """The examples of each of `classes`."""
    return [rows[labels == label] for label in classes]


def _likeness(rows: sp.csr_matrix, margins: np.ndarray, known: "list[sp.csr_matrix]") -> np.ndarray:
    """Mean cosine to the nearest examples of each row's best labels, 0 for the other labels; shape (rows, labels)."""
    likeness = np.zeros_like(margins)
    rivals = np.argpartition(-margins, _RIVALS, axis=1)[:, :_RIVALS]
    spread = np.zeros(rows.shape[1], rows.dtype)
    for number, best in enumerate(rivals):
        one = slice(rows.indptr[number], rows.indptr[number + 1])
        # Examples times one vector: as quick as the sparse product for many rows, and several times quicker for one.
        spread[rows.indices[one]] = rows.data[one]
        for label in best:
            cosines = known[label] @ spread
            count = min(_NEAREST, len(cosines))
            likeness[number, label] = np.partition(cosines, -count)[-count:].mean()
        spread[rows.indices[one]] = 0
    return likeness


def _softmax(scores: np.ndarray) -> np.ndarray:
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)
