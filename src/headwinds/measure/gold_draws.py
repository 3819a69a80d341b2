"""How the gold was drawn, passage by passage or several together, and the variance of a weighted mean of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame

FAR_OFF = 1.25
"""By what factor the passages that gold stands for must differ from those there are for its probabilities to be doubted."""
DEVIATIONS, SLACK = 5.0, 3.0
"""By how many standard deviations, and how many pairs, gold in one document must exceed chance to be taken as drawn so."""


def gold_draws(frame: Frame) -> tuple[NDArray[np.int64], bool]:
    """The draw that brought each gold passage in, shape (m,), and whether draws brought several at a time.

    Where the user does not say, documents are looked at: if more pairs of gold passages stand in one document than draws
    passage by passage would give, documents were drawn, whole or in part. Gold that was not drawn so is left alone, because
    its variance holds no effect of the document. Gold of which a part came in documents counts by documents throughout,
    which is on the safe side.
    """
    import numpy as np

    gold = len(frame.gold_rows)
    if frame.gold_draw is not None:
        return frame.gold_draw, len(np.unique(frame.gold_draw)) < gold
    document = frame.document_code[frame.gold_rows]
    if len(np.unique(document)) < gold and _gathered(frame):
        return document, True
    return np.arange(gold, dtype=np.int64), False


def _gathered(frame: Frame) -> bool:
    """Whether passages of one document go together in being read, more than chance allows.

    Whether each passage was read, less the share of its design stratum that was, is multiplied over pairs of one document,
    as for an intraclass correlation (documents weigh by one over their passages less one, so that a long one does not
    decide). Drawn passage by passage these products add up to about zero, whatever the shares and the sizes of documents;
    whole documents differ from that by many standard deviations, also where most of them were read. What was drawn with
    unequal probabilities counts by one over the probability within the frame, as a share of the mean of its stratum.
    """
    import numpy as np

    strata, stratum, document = len(frame.stratum_names), frame.stratum_code, frame.document_code
    gold, home = stratum[frame.gold_rows], document[frame.gold_rows]
    size = np.bincount(stratum, minlength=strata)
    share = np.bincount(gold, minlength=strata) / size
    counts = 1 / (frame.inclusion_probability * frame.weight[frame.gold_rows])
    counts = counts * (share * size / np.bincount(gold, weights=counts, minlength=strata))[gold]
    read = -share[stratum]
    read[frame.gold_rows] += counts
    weight = 1 / np.maximum(np.bincount(document) - 1, 1)

    def pairs(value: NDArray[np.float64], of: NDArray[np.int64]) -> NDArray[np.float64]:
        """The sum of products over the pairs of each document."""
        total = np.bincount(of, weights=value, minlength=len(weight))
        return (total**2 - np.bincount(of, weights=value**2, minlength=len(weight))) / 2

    excess = float(weight @ pairs(read, document))
    if excess <= SLACK:
        return False
    # The variance of one passage is its share times what it counts less that share, which is known of gold alone: its mean
    # over pairs of gold, each counted by what it stands for, is that over all pairs.
    left = np.maximum(counts - share[gold], 0.0)
    mean = float(weight**2 @ pairs(counts * left, home)) / float(weight**2 @ pairs(counts, home))
    variance = float(weight**2 @ pairs(share[stratum], document)) * mean
    return excess > DEVIATIONS * float(np.sqrt(variance))


def draw_findings(frame: Frame) -> tuple[Finding, ...]:
    """A note where the gold was taken as drawn several passages at a time, a warning where there were few draws."""
    import numpy as np

    draws, together = gold_draws(frame)
    if not together:
        return ()
    count = len(np.unique(draws))
    by = "document by document" if frame.gold_draw is None else "in draws of several passages"
    found = [
        Finding(
            "N323",
            f"the {len(draws)} gold passages came {by}, {count} of them; variances count draws, not passages.",
            "" if frame.gold_draw is not None else "Give gold_draw if they were drawn otherwise.",
        )
    ]
    if count < 15:
        found.append(
            Finding(
                "W324",
                f"with {count} draws of gold the variance itself is uncertain; intervals use Student's t.",
                "Label passages of more documents, fewer of each.",
            )
        )
    return tuple(found)


def stands_for_findings(frame: Frame, size: NDArray[np.float64]) -> tuple[Finding, ...]:
    """A warning where the gold's inclusion probabilities cannot be right.

    One over them adds up, over the gold, to the passages of a stratum, but for the chance of the draw. If it adds up to far
    fewer, probabilities are too large, and variances take for certain to be read what was not.

    Parameters
    ----------
    size
        Shape (strata,): passages of the population in each design stratum.
    """
    import numpy as np

    stratum = frame.stratum_code[frame.gold_rows]
    draws, _ = gold_draws(frame)
    counts = 1 / np.minimum(frame.inclusion_probability, 1.0)
    there = np.bincount(stratum, weights=counts, minlength=len(size))
    pairs, home = np.unique(stratum * (int(draws.max(initial=0)) + 1) + draws, return_inverse=True)
    by_draw = np.bincount(home, weights=np.sqrt(1 - np.minimum(frame.inclusion_probability, 1.0)) * counts)
    spread = np.bincount(pairs // (int(draws.max(initial=0)) + 1), weights=by_draw**2, minlength=len(size))
    known = np.maximum(size, 1.0)
    apart = np.maximum(there / known, known / np.maximum(there, 1.0))
    off = np.flatnonzero((apart > FAR_OFF) & (np.abs(there - size) > DEVIATIONS * np.sqrt(spread) + SLACK))
    if not len(off):
        return ()
    worst = int(off[np.argmax(apart[off])])
    return (
        Finding(
            "W329",
            f"By its inclusion probabilities the gold of '{frame.stratum_names[worst]}' stands for "
            f"{there[worst]:,.0f} passages, and there are {size[worst]:,.0f} (strata so far off: {len(off)} of "
            f"{len(size)}): intervals rest on these probabilities, and are wrong with them.",
            "Give each gold passage the probability with which it was drawn from the whole corpus, and the weights of the "
            "passages if they are a sample.",
        ),
    )


def mean_covariance(
    influence: NDArray[np.float64], frame: Frame, members: NDArray[np.int64] | None = None, lost: int = 1
) -> NDArray[np.float64]:
    """Covariance of statistics that are sums over gold of `influence` (members, k): between draws, corrected for freedom.

    Each draw brings the factor 1 - inclusion probability, as what was certain to be read adds no error (Särndal, Swensson
    and Wretman 1992, 5.5, with Hájek's approximation of the joint probabilities). Of documents that were read in part it
    takes away too little, which is on the safe side.

    Parameters
    ----------
    members
        Which gold passages the rows of `influence` are; None for all.
    lost
        Degrees of freedom that were spent.
    """
    import numpy as np

    draws, together = gold_draws(frame)
    chosen = np.arange(len(frame.gold_rows)) if members is None else members
    left = 1 - np.minimum(frame.inclusion_probability[chosen], 1.0)
    count = len(chosen)
    scaled = influence * np.sqrt(left)[:, None]
    if together:
        _, home = np.unique(draws[chosen], return_inverse=True)
        count = int(home.max(initial=-1)) + 1
        scaled = np.column_stack([np.bincount(home, weights=column, minlength=count) for column in scaled.T])
    if count <= lost:
        return np.full((influence.shape[1],) * 2, np.nan)
    found: NDArray[np.float64] = scaled.T @ scaled * count / (count - lost)
    return found
