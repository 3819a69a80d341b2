"""What tasks with exactly one label of several share: the loss, the validation score, the temperature, the decoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings


def mean_log_likelihood(outputs: Sequence[Any], classes: NDArray[np.int64]) -> float:
    """Mean log probability of the true class; `outputs` one row of logits each."""
    import numpy as np
    from scipy.special import log_softmax

    rows = [log_softmax(np.asarray(row, dtype=np.float64)) for row in outputs]
    return float(np.mean([row[true] for row, true in zip(rows, classes.tolist(), strict=True)]))


def fit_one_label_decoder(
    logits: NDArray[np.float64], classes: NDArray[np.int64], settings: TuneSettings
) -> dict[str, Any]:
    """One temperature, the labels' rising maps where they are set, and the probability below which no answer is given.

    The latter with `abstain_risk`, which admits no rising maps.
    """
    decoder = fit_shares(logits, classes, settings)
    if settings.abstain_risk:
        shares = calibrated_shares(logits, decoder)
        right: NDArray[np.bool_] = shares.argmax(axis=1) == classes
        decoder["abstain_below"] = abstention_threshold(shares.max(axis=1), right, settings.abstain_risk)
    return decoder


def fit_shares(
    logits: NDArray[np.float64], classes: NDArray[np.int64], settings: TuneSettings
) -> dict[str, Any]:
    """What `calibrated_shares` needs: one temperature, and where it is set the rising map of each label."""
    import numpy as np

    from headwinds.adapt.evaluation.calibration import fit_temperature
    from headwinds.adapt.evaluation.isotonic import fit_isotonic

    decoder: dict[str, Any] = {"temperature": fit_temperature(logits, classes)}
    if settings.calibration == "isotonic":
        truth: NDArray[np.bool_] = classes[:, None] == np.arange(logits.shape[1])
        decoder["isotonic"] = fit_isotonic(calibrated_shares(logits, decoder), truth)
    return decoder


def calibrated_shares(logits: NDArray[np.float64], decoder: Mapping[str, Any]) -> NDArray[np.float64]:
    """Probabilities of the labels, shape (texts, labels), that sum to 1.

    By the temperature; then, where there are any, by each label's map, one label against the rest, brought to a sum of 1
    (Zadrozny, Elkan 2002, sec. 5).
    """
    from scipy.special import softmax

    from headwinds.adapt.evaluation.isotonic import apply_isotonic

    shares: NDArray[np.float64] = softmax(logits / decoder["temperature"], axis=1)
    if "isotonic" not in decoder:
        return shares
    shares = apply_isotonic(shares, decoder["isotonic"])
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def likeliest(shares: NDArray[np.float64], logits: NDArray[np.float64]) -> NDArray[np.int64]:
    """The label of each text with the largest share; of equal ones, as steps make them, that with the larger logit."""
    import numpy as np

    best: NDArray[np.int64] = np.where(shares == shares.max(axis=1, keepdims=True), logits, -np.inf).argmax(
        axis=1
    )
    return best


def abstention_threshold(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], risk: float, *, doubt: float = 0.05
) -> float:
    """The lowest confidence from which answers are wrong at most as often as `risk`, with probability 1 - `doubt`.

    Thresholds are tried by bisection, each against the exact binomial bound at `doubt` / number of trials (Geifman,
    El-Yaniv 2017, algorithm 1). More than 1 where no threshold keeps the risk: every answer is withheld.
    """
    import numpy as np
    from scipy.stats import beta

    order = np.sort(confidence)
    trials = max(1, int(np.ceil(np.log2(len(order) + 1))))
    low, high, best = 0, len(order) - 1, 1.01
    for _ in range(trials):
        middle = (low + high + 1) // 2
        chosen = confidence >= order[middle]
        wrong, count = int((~right[chosen]).sum()), int(chosen.sum())
        bound = 1.0 if wrong == count else float(beta.ppf(1 - doubt / trials, wrong + 1, count - wrong))
        if bound <= risk:
            best, high = float(order[middle]), max(middle - 1, 0)
        else:
            low = min(middle + 1, len(order) - 1)
    return best


def abstained(decoder: Mapping[str, Any], probability: float) -> dict[str, bool]:
    """The column `abstained` of a prediction, where the model may withhold one."""
    return {"abstained": probability < decoder["abstain_below"]} if "abstain_below" in decoder else {}


def selective_metrics(
    predictions: Sequence[Mapping[str, Any]], right: NDArray[np.bool_], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """The share of answers that were given, and how many of those were right; nothing where none may be withheld."""
    import numpy as np

    if not predictions or "abstained" not in predictions[0]:
        return {}
    given = np.array([not item["abstained"] for item in predictions])
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "answered_share": weights @ given / weights.sum(axis=1),
            "accuracy_of_answered": weights @ (given & right) / (weights @ given),
        }


def decode_one_label(
    outputs: Sequence[Any], names: Sequence[Sequence[str]], decoder: Mapping[str, Any]
) -> list[tuple[int, list[float], str]]:
    """Of each row: the best class, the shares of all, the best one's name."""
    import numpy as np

    found = []
    for row, own in zip(outputs, names, strict=True):
        logits = np.asarray(row, dtype=np.float64)[None, : len(own)]
        shares = calibrated_shares(logits, decoder)
        best = int(likeliest(shares, logits)[0])
        found.append((best, shares[0].tolist(), own[best]))
    return found
