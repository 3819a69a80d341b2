"""Two honest baselines, fitted on the same passages as the model: TF-IDF with logistic regression, and keywords."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.calibration import fit_calibration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TFIDF = "TF-IDF + logistic regression"
KEYWORDS = "screen keywords"
INVERSE_PENALTIES = (1.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True)
class LabelledSplit:
    """Texts with their labels, shape (texts, labels)."""

    texts: Sequence[str]
    truth: NDArray[np.bool_]


def tfidf_baseline(
    training: LabelledSplit, validation: LabelledSplit, test_texts: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """TF-IDF of words and word pairs, one logistic regression a label.

    The penalty is chosen on validation by mean average precision; probabilities are calibrated and thresholds chosen there
    exactly as for the model.
    Returns probabilities and labels of the test texts, shape (texts, labels).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode")
    train = vectorizer.fit_transform(training.texts)
    valid, test = vectorizer.transform(validation.texts), vectorizer.transform(test_texts)
    best: tuple[float, NDArray[np.float64], NDArray[np.float64]] | None = None
    for penalty in INVERSE_PENALTIES:
        on_valid, on_test = _logistic(train, training.truth, (valid, test), penalty)
        score = _mean_average_precision(validation.truth, on_valid)
        if best is None or score > best[0]:
            best = (score, on_valid, on_test)
    if best is None:
        raise RuntimeError("no penalty was tried")
    calibration = fit_calibration(_logit(best[1]), validation.truth)
    probability = calibration.probability(_logit(best[2]))
    return probability, calibration.decide(probability)


def _logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np
    from scipy.special import logit

    values: NDArray[np.float64] = logit(np.clip(probability, 1e-9, 1 - 1e-9))
    return values


def keyword_baseline(
    training: LabelledSplit, test_texts: Sequence[str], words: Sequence[str], *, most: int = 12
) -> NDArray[np.bool_]:
    """For each label the list of screen keywords that finds it best, chosen one by one by F1 on the training passages.

    This is what a careful economist does with a keyword index: a passage counts if it holds any word of the label's list.
    """
    import numpy as np

    seen, wanted = _matches(training.texts, words), _matches(test_texts, words)
    result = np.zeros((len(test_texts), training.truth.shape[1]), dtype=bool)
    for label in range(training.truth.shape[1]):
        chosen = _choose_words(seen, training.truth[:, label], most)
        if chosen:
            result[:, label] = wanted[:, chosen].any(axis=1)
    return result


def _choose_words(seen: NDArray[np.bool_], truth: NDArray[np.bool_], most: int) -> list[int]:
    import numpy as np

    chosen: list[int] = []
    covered = np.zeros(len(truth), dtype=bool)
    best = 0.0
    for _ in range(most):
        union = seen | covered[:, None]
        score = 2 * (union & truth[:, None]).sum(axis=0) / np.maximum(union.sum(axis=0) + truth.sum(), 1)
        word = int(np.argmax(score))
        if score[word] <= best:
            break
        best, covered = float(score[word]), union[:, word]
        chosen.append(word)
    return chosen


def _matches(texts: Sequence[str], words: Sequence[str]) -> NDArray[np.bool_]:
    import numpy as np

    patterns = [re.compile(rf"\b{re.escape(word)}", re.IGNORECASE) for word in words]
    return np.array(
        [[pattern.search(text) is not None for pattern in patterns] for text in texts], dtype=bool
    )


def _logistic(
    train: object, truth: NDArray[np.bool_], others: tuple[object, object], penalty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    columns: tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]] = ([], [])
    for label in range(truth.shape[1]):
        if truth[:, label].any() and not truth[:, label].all():
            model = LogisticRegression(C=penalty, max_iter=1000).fit(train, truth[:, label])
            for column, features in zip(columns, others, strict=True):
                column.append(model.predict_proba(features)[:, 1])
        else:
            share = float(truth[:, label].mean())
            for column, features in zip(columns, others, strict=True):
                column.append(np.full(features.shape[0], share))  # type: ignore[attr-defined]
    return np.column_stack(columns[0]), np.column_stack(columns[1])


def _mean_average_precision(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    import numpy as np

    from headwinds.adapt.evaluation.metrics import average_precision

    ones = np.ones((1, len(truth)))
    values = [average_precision(truth[:, label], score[:, label], ones)[0] for label in range(truth.shape[1])]
    return float(np.nanmean(values)) if not np.all(np.isnan(values)) else 0.0
