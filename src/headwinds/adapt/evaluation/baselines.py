"""Two honest baselines, fitted on the same passages as the model: TF-IDF with logistic regression, and keywords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.calibration import fit_calibration
from headwinds.adapt.evaluation.metrics import macro_average_precision
from headwinds.corpus.scripts import without_spaces, word_pattern

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TFIDF = "TF-IDF + logistic regression"
KEYWORDS = "screen keywords"
INVERSE_PENALTIES = (1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class LabelledSplit:
    """Texts with their labels, shape (texts, labels)."""

    texts: Sequence[str]
    truth: NDArray[np.bool_]


def tfidf_baseline(
    training: LabelledSplit, validation: LabelledSplit, test_texts: Sequence[str], *, several: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """TF-IDF of words and word pairs, one logistic regression a label.

    Texts in Chinese or Japanese have no spaces to find words by: there, characters, pairs and threes of them.
    The penalty is chosen on validation by mean average precision. Each label's threshold is the cut with the best F1 on
    validation: of the rules tried on these data it serves this baseline best, and a rival deserves its best rule.
    Without `several` a text has one label, the most probable one, and the probabilities add up to one.
    Returns calibrated probabilities and the labels of the test texts, shape (texts, labels).
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    by_character = without_spaces(training.texts)
    vectorizer = TfidfVectorizer(
        analyzer="char" if by_character else "word",
        ngram_range=(1, 3) if by_character else (1, 2),
        min_df=2,
        sublinear_tf=True,
        strip_accents="unicode",
    )
    train = vectorizer.fit_transform(training.texts)
    others = vectorizer.transform(validation.texts), vectorizer.transform(test_texts)
    tried = [_logistic(train, training.truth, others, penalty) for penalty in INVERSE_PENALTIES]
    on_validation, on_test = max(tried, key=lambda pair: macro_average_precision(validation.truth, pair[0]))
    probability = fit_calibration(on_validation, validation.truth).probability(on_test)
    if several:
        return probability, on_test >= best_cuts(on_validation, validation.truth)
    probability[:, ~training.truth.any(axis=0)] = 0.0  # never seen: not as likely as not
    probability = probability / np.maximum(probability.sum(axis=1, keepdims=True), 1e-300)
    chosen: NDArray[np.bool_] = probability.argmax(axis=1)[:, None] == np.arange(probability.shape[1])
    return probability, chosen


def best_cuts(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The cut of each label with the highest F1 on these passages, shape (labels,); infinite where none is positive."""
    import numpy as np

    cuts = np.full(truth.shape[1], np.inf)
    for label in np.flatnonzero(truth.any(axis=0)):
        order = np.argsort(-score[:, label], kind="stable")
        given = np.arange(1, len(order) + 1)
        f1 = 2 * np.cumsum(truth[order, label]) / (given + truth[:, label].sum())
        ordered = score[order, label]
        f1[:-1][ordered[:-1] == ordered[1:]] = 0.0  # equal scores are all given or none
        cuts[label] = ordered[np.argmax(f1)]
    return cuts


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

    patterns = [word_pattern(word) for word in words]
    return np.array(
        [[pattern.search(text) is not None for pattern in patterns] for text in texts], dtype=bool
    )


def _logistic(
    train: object, truth: NDArray[np.bool_], others: tuple[object, object], penalty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds of the labels for both sets of other texts; a label that training never or always shows stays at 0."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    logits = tuple(np.zeros((features.shape[0], truth.shape[1])) for features in others)  # type: ignore[attr-defined]
    for label in range(truth.shape[1]):
        if truth[:, label].any() and not truth[:, label].all():
            # liblinear draws a random order of the coordinates; a fixed one keeps the bytes the same.
            model = LogisticRegression(C=penalty, solver="liblinear", max_iter=1000, random_state=0)
            model.fit(train, truth[:, label])
            for column, features in zip(logits, others, strict=True):
                column[:, label] = model.decision_function(features)
    return logits[0], logits[1]
