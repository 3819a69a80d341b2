"""BLEU and chrF of a whole set, from what each text adds to them: every weighting of the texts costs one product.

The counts are those of the package sacrebleu (Post 2018); the scores from sums of counts are computed here for all
weightings at once, and equal the package's own (a test says so).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ORDERS = 4
CHARACTER_ORDERS = 6
BETA = 2


def bleu_counts(texts: Sequence[str], references: Sequence[Sequence[str]], *, tokenizer: str) -> Any:
    """Shape (texts, 10): lengths of text and reference, matches of 1- to 4-grams, and 1- to 4-grams of the text."""
    import numpy as np
    from sacrebleu.metrics.bleu import BLEU

    return np.array(
        BLEU(tokenize=tokenizer)._extract_corpus_statistics(list(texts), _streams(references)),
        dtype=np.float64,
    )


def bleu(counts: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """BLEU, 0 to 100, of each weighting (replicates, texts), with exponential smoothing as the package has it."""
    import numpy as np

    sums = weights @ counts
    length, reference = sums[:, 0], sums[:, 1]
    matches, total = sums[:, 2 : 2 + ORDERS], sums[:, 2 + ORDERS :]
    logs, halvings = np.zeros(len(sums)), np.zeros(len(sums))
    with np.errstate(divide="ignore", invalid="ignore"):
        for order in range(ORDERS):
            halvings += matches[:, order] == 0
            hits = np.where(matches[:, order] == 0, 0.5**halvings, matches[:, order])
            logs += np.log(hits / total[:, order])
        brevity = np.where(length < reference, np.exp(1 - reference / length), 1.0)
        score = 100 * brevity * np.exp(logs / ORDERS)
    nothing = (matches == 0).all(axis=1) | (total == 0).any(axis=1)
    return np.where(sums.sum(axis=1) == 0, np.nan, np.where(nothing, 0.0, score))


def chrf_counts(texts: Sequence[str], references: Sequence[Sequence[str]]) -> Any:
    """Shape (texts, 18): for 1 to 6 characters, the n-grams of the text, of the reference, and those that match."""
    import numpy as np
    from sacrebleu.metrics.chrf import CHRF

    found = CHRF()._extract_corpus_statistics(list(texts), _streams(references))
    return np.array(found, dtype=np.float64)


def chrf(counts: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """chrF2, 0 to 100, of each weighting (Popović 2015): recall counts twice as much as precision."""
    import numpy as np

    sums = (weights @ counts).reshape(len(weights), CHARACTER_ORDERS, 3)
    own, reference, matches = sums[..., 0], sums[..., 1], sums[..., 2]
    known = (own > 0) & (reference > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = matches / own, matches / reference
        average = np.where(known, precision, 0).sum(axis=1), np.where(known, recall, 0).sum(axis=1)
        orders = known.sum(axis=1)
        precision, recall = average[0] / orders, average[1] / orders
        score = (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
    return np.where(sums.sum(axis=(1, 2)) == 0, np.nan, np.where(np.isnan(score), 0.0, 100 * score))


def suitable_tokenizer(references: Sequence[Sequence[str]]) -> str:
    """SacreBLEU's tokenizer: "zh" where most letters are Chinese, single characters for Japanese and Thai, else "13a"."""
    text = "".join(one for several in references for one in several)
    letters = sum(character.isalpha() for character in text)
    kana = sum("\u3040" <= character <= "\u30ff" or "\u0e00" <= character <= "\u0e7f" for character in text)
    ideographs = sum("\u4e00" <= character <= "\u9fff" for character in text)
    if letters and kana > letters / 5:
        return "char"
    return "zh" if letters and ideographs > letters / 2 else "13a"


def _streams(references: Sequence[Sequence[str]]) -> Any:
    """References as sacrebleu wants them: the first of every text, the second of every text, ..."""
    most = max(len(several) for several in references)
    return [
        [several[number] if number < len(several) else None for several in references]
        for number in range(most)
    ]
