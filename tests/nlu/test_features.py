"""Rows of questions: read one at a time as they were learned all together."""

import numpy as np
import pytest

from nlu.features import Features

TEXTS = [
    "Làm định danh mức 2 ở đâu?",
    "lam dinh danh muc 2 o dau",
    "mần định danh mức 2 ở mô",
    "Số 0912345678 gọi tôi, định danh mức 2 à?",
] * 3


@pytest.fixture(scope="module")
def learned():
    features = Features()
    return features, features.fit_transform(TEXTS)


def test_texts_read_later_get_the_rows_they_were_learned_with(learned) -> None:
    features, rows = learned
    np.testing.assert_allclose(features.transform(TEXTS).toarray(), rows.toarray(), atol=1e-6)


def test_a_text_of_unknown_pieces_is_an_empty_row(learned) -> None:
    features, rows = learned
    read = features.transform(["", "zzqqkk", "định danh"])
    assert read.shape == (3, rows.shape[1])
    assert list(np.diff(read.indptr) > 0) == [False, False, True]
    np.testing.assert_allclose((read.toarray() ** 2).sum(axis=1), [0, 0, 1], atol=1e-6)
