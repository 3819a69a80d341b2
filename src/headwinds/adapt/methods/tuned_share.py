"""How much of a tuning is to be taken: between an encoder as it came and as it was tuned, judged by examples not seen.

A tuning on a handful of examples can lose what the encoder knew. On the line between the two sets of weights often lies a
model that is better than both (Wortsman et al. 2022, WiSE-FT), and one end of the line is the encoder as it came: a tuning
whose gain cannot be told from chance is not taken. Of shares that cannot be told apart the largest is: encoders that saw a
part of the examples judge, and one that saw all of them deserves more of its tuning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.methods.linear_head import fit_linear_head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARES = (0.0, 0.25, 0.5, 1.0)
INVERSE_PENALTIES = (0.1, 1.0, 10.0, 100.0)
USUAL = 10.0  # kept, like the encoder as it came, where the gain of another is within its error
ENOUGH_FOR_HALVES = 4  # examples of a class; with fewer, a half cannot learn what the whole does
SCALES = tuple(2.0 ** (step / 2) for step in range(-6, 11))
PARTS_OF_FEW = 4
# That a gain must exceed. With one, some tunings that gain nothing are taken, which costs a point or two; with two, many are
# left that gain twenty.
STANDARD_ERRORS = 1.0
# Within which the likelihood of a larger share is not told apart from that of the likeliest, where a part judges.
ALIKE = 2.0


@dataclass(frozen=True, slots=True)
class Trial:
    """Examples that an encoder was tuned on, examples that judge it, and embeddings of all by share of the tuning.

    Attributes
    ----------
    kept, judged
        Numbers of examples, in the rows of `truth`.
    vectors
        Embeddings of all examples, shape (examples, width), by the share of the tuning that is taken.
    """

    kept: NDArray[np.int64]
    judged: NDArray[np.int64]
    vectors: Callable[[float], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Choice:
    """The share of the tuning and the head's penalty that were chosen, and what speaks for them.

    Attributes
    ----------
    share, inverse_penalty
        What is taken: 0 is the encoder as it came.
    score
        Mean log likelihood of a judged example as chosen.
    gain, standard_error
        Mean log likelihood of a judged example by the likeliest share above 0, less that by the encoder as it came.
    judged
        Numbers of the examples that judged, in the order of `outputs`.
    outputs
        Their outputs as chosen, shape (judged, labels), each by a model that did not see it.
    """

    share: float
    inverse_penalty: float
    score: float
    gain: float
    standard_error: float
    judged: NDArray[np.int64]
    outputs: NDArray[np.float64]

    def facts(self) -> dict[str, float]:
        """As plain JSON, without the outputs."""
        return {
            "share_of_tuning": self.share,
            "inverse_penalty": self.inverse_penalty,
            "gain_in_log_likelihood": self.gain,
            "standard_error": self.standard_error,
        }


def judging_parts(classes: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """The part of each example: halves where the middling class has enough, quarters where it has fewer.

    Every class is spread over the parts, beginning at a part of its own, so that of a class with two examples some parts
    hold none.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    names, sizes = np.unique(classes, return_counts=True)
    count = 2 if np.median(sizes) >= ENOUGH_FOR_HALVES else PARTS_OF_FEW
    parts = np.empty(len(classes), dtype=np.int64)
    begin = 0
    for name in names:
        own = generator.permutation(np.flatnonzero(classes == name))
        parts[own] = (begin + np.arange(len(own))) % count
        begin += len(own)
    return parts


def choose_share(
    trials: list[Trial],
    truth: NDArray[np.bool_],
    *,
    several: bool,
    alike: float = ALIKE,
    shares: tuple[float, ...] = SHARES,
) -> Choice:
    """The largest share that is as good as the likeliest, with its penalty; the encoder as it came where nothing is gained.

    `truth` has shape (examples, labels). The first of `shares` is the encoder as it came. Each share is judged with the
    penalty that suits it best, or the usual one by the same rule, and its gain over the first in pairs of examples: it must
    exceed its standard error. As good as the likeliest is what falls behind it, in pairs of examples, by no more than
    `alike` standard errors; with 0 the likeliest itself is taken.
    """
    import numpy as np

    judged = np.concatenate([trial.judged for trial in trials])
    best: dict[float, tuple[float, NDArray[np.float64], NDArray[np.float64]]] = {}
    for share in shares:
        vectors = [trial.vectors(share) for trial in trials]
        tried: dict[float, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        for penalty in INVERSE_PENALTIES:
            outputs = np.concatenate(
                [
                    _outputs(of, truth, trial, several=several, inverse_penalty=penalty)
                    for of, trial in zip(vectors, trials, strict=True)
                ]
            )
            tried[penalty] = log_likelihoods(outputs, truth[judged], several=several), outputs
        penalty = max(tried, key=lambda one: tried[one][0].mean())
        if not _exceeds(*_gain(tried[penalty][0], tried[USUAL][0])):
            penalty = USUAL
        best[share] = penalty, *tried[penalty]
    first = shares[0]
    likeliest = max(shares[1:], key=lambda share: best[share][1].mean())
    gain, error = _gain(best[likeliest][1], best[first][1])
    share = first
    if _exceeds(gain, error):
        each = {one: best[one][1] for one in shares}
        share = max(one for one in shares[1:] if _as_good(each[one], each[likeliest], each[first], alike))
    penalty, likelihood, outputs = best[share]
    return Choice(share, penalty, float(likelihood.mean()), gain, error, judged, outputs)


def _gain(each: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard error of the difference in pairs."""
    import numpy as np

    gains = each - other
    return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))


def _as_good(
    each: NDArray[np.float64], likeliest: NDArray[np.float64], first: NDArray[np.float64], alike: float
) -> bool:
    """Whether a share gains over the first, and does not fall behind the likeliest by more than chance explains."""
    behind, error = _gain(likeliest, each)
    return _exceeds(*_gain(each, first)) and behind <= alike * error


def _exceeds(gain: float, error: float) -> bool:
    return gain > STANDARD_ERRORS * error


def log_likelihoods(
    outputs: NDArray[np.float64], truth: NDArray[np.bool_], *, several: bool
) -> NDArray[np.float64]:
    """Of each example: of its class, or the sum over its labels; both of shape (examples, labels).

    One scale for all outputs is sought first: probabilities are calibrated later, and how sharp outputs are hangs on the
    penalty, not on what the embeddings tell apart.
    """
    import numpy as np
    from scipy.special import log_softmax

    def scaled(scale: float) -> NDArray[np.float64]:
        if several:
            summed: NDArray[np.float64] = -np.logaddexp(0.0, scale * np.where(truth, -outputs, outputs)).sum(
                axis=1
            )
            return summed
        own: NDArray[np.float64] = log_softmax(scale * outputs, axis=1)[truth]
        return own

    return max((scaled(scale) for scale in SCALES), key=lambda each: float(each.mean()))


def _outputs(
    vectors: NDArray[np.float64],
    truth: NDArray[np.bool_],
    trial: Trial,
    *,
    several: bool,
    inverse_penalty: float,
) -> NDArray[np.float64]:
    weight, bias = fit_linear_head(
        vectors[trial.kept], truth[trial.kept], several=several, inverse_penalty=inverse_penalty
    )
    found: NDArray[np.float64] = vectors[trial.judged] @ weight.T + bias
    return found
