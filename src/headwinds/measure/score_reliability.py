"""How far the mean score of a cell, of few passages or of many, tells the cell's own share.

Errors of single passages average out in the mean score of a large cell, and not in that of a small one: at the same distance
of two mean scores the shares of two large cells differ by more. One slope for both draws the small ones too far out and
leaves the large ones too near, and an interval of one width is too wide for the large and too narrow for the small (cells of
25 passages beside cells of 600 were covered 84 to 88% of the time, and a slope on such an index was a third too small). With
a between-cell variance t2 of the scores, a within-cell variance w and a squared correlation r2 of label and score within
cells, a mean over n passages has the reliability

    (t2 + r2 w/N) / (t2 + w/n)

for what it says of the share among N (from r2 at one passage, which is what lambda knows, to one), and leaves the share's
variance, in units of the score t2 + r2 w/N, less that variance times the reliability. It is regression calibration with
unequal errors (Carroll, Ruppert, Stefanski and Crainiceanu 2006, chapter 4; Fuller 1987, section 1.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts


@dataclass(frozen=True, slots=True)
class ScoreMoves:
    """The mean scores of some parts about those of their pools, by component (see `context.score_components`).

    Attributes
    ----------
    offset
        Shape (parts,): all components together, as they were seen.
    moves
        Shape (parts, components): each times its reliability for the share of all passages.
    of_scored
        The same for the share among the scored passages, which gold is a part of; as `moves` where all were scored.
    reliability
        Shape (parts,): that of the last component, a cell's own.
    left
        Shape (parts, components): variance that the component leaves of the share, in squared units of the score, without
        what the sampling of passages brings.
    """

    offset: NDArray[np.float64]
    moves: NDArray[np.float64]
    of_scored: NDArray[np.float64]
    reliability: NDArray[np.float64]
    left: NDArray[np.float64]


def within_variance(frame: Frame, parts: Parts, means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance that one passage brings into the mean score of its part, shape (strata proper, L).

    Passages of a document count together where parts have several documents.
    """
    import numpy as np

    from headwinds.measure.pools import sums

    count, strata = len(parts.cell), len(parts.coarse_names)
    rest = frame.probability - np.nan_to_num(means)[parts.row]
    width = int(frame.document_code.max(initial=0)) + 1
    code, home = np.unique(parts.row * width + frame.document_code, return_inverse=True)
    part = code // width
    found = np.zeros((strata, means.shape[1]))
    by_document = (sums(part, sums(home, rest, len(code)) ** 2, count), np.bincount(part, minlength=count))
    by_passage = (sums(parts.row, rest**2, count), parts.sampled)
    for stratum in range(strata):
        for squares, units in (by_document, by_passage):
            several = np.flatnonzero((parts.coarse == stratum) & (units > 1))
            if parts.sampled[several].sum() * 2 < parts.sampled[parts.coarse == stratum].sum():
                continue
            wider = (units[several] / (units[several] - 1))[:, None]
            found[stratum] = (squares[several] * wider).sum(axis=0) / parts.sampled[several].sum()
            break
    return found


def squared_score_correlation(frame: Frame, parts: Parts) -> NDArray[np.float64]:
    """Squared correlation of label and score over the gold of each stratum proper, shape (strata proper, L)."""
    import numpy as np

    from headwinds.measure.pools import sums

    coarse = parts.coarse_of_stratum[frame.stratum_code[frame.gold_rows]]
    strata = len(parts.coarse_names)
    weight = (1 / frame.inclusion_probability)[:, None]
    total = np.maximum(np.bincount(coarse, weights=weight[:, 0], minlength=strata), 1e-300)[:, None]
    label = frame.gold_labels.astype(np.float64)
    score = frame.probability[frame.gold_rows]
    label = label - (sums(coarse, weight * label, strata) / total)[coarse]
    score = score - (sums(coarse, weight * score, strata) / total)[coarse]
    both = sums(coarse, weight * label * score, strata)
    alone = sums(coarse, weight * label**2, strata) * sums(coarse, weight * score**2, strata)
    return np.clip(np.divide(both**2, alone, out=np.zeros_like(both), where=alone > 0), 0.0, 1.0)


def reliable_moves(
    components: NDArray[np.float64],
    passages: NDArray[np.float64],
    size: NDArray[np.float64],
    pool: NDArray[np.int64],
    codes: NDArray[np.int64],
    within: float,
    correlation: float,
) -> ScoreMoves:
    """Each component by its reliability.

    Parameters
    ----------
    components
        Shape (parts, components), of `context.score_components`.
    passages, size
        Shape (parts,): scored, and in the population.
    pool, codes
        As there.
    within, correlation
        Of the stratum and label; see the module's head.
    """
    import numpy as np

    moves, scored, left = (np.zeros_like(components) for _ in range(3))
    reliability = np.ones(len(components))
    for column, group in enumerate(_groups(components.shape[1], codes, len(components))):
        seen, there = (_chance(one, pool, group, codes) * within for one in (passages, size))
        there = np.minimum(there, seen)
        between = _between(components[:, column], seen)
        whole = np.maximum(between + seen, 1e-300)
        known = between + correlation * there
        reliability = np.where(between + seen > 0, known / whole, 1.0)
        of_scored = np.where(between + seen > 0, (between + correlation * seen) / whole, 1.0)
        moves[:, column] = _about(reliability * components[:, column], size, pool)
        scored[:, column] = _about(of_scored * components[:, column], size, pool)
        # The variance about the line, less that of the scores' own sampling, which is counted where it is known.
        left[:, column] = np.maximum(known - reliability * known - reliability**2 * (seen - there), 0.0)
    return ScoreMoves(components.sum(axis=1), moves, scored, reliability, left)


def _groups(components: int, codes: NDArray[np.int64], parts: int) -> list[NDArray[np.int64] | None]:
    """Over what each component is a mean: the values of a key, or (None) the part itself."""
    if components == 1 or parts == 0:
        return [None] * components
    return [*codes[: components - 1], None]


def _chance(
    passages: NDArray[np.float64],
    pool: NDArray[np.int64],
    group: NDArray[np.int64] | None,
    codes: NDArray[np.int64],
) -> NDArray[np.float64]:
    """One over the passages that a component is a mean of, less what the means that were taken out know of it already."""
    import numpy as np

    def one_over(home: NDArray[np.int64]) -> NDArray[np.float64]:
        place = np.unique(home, return_inverse=True)[1]
        found: NDArray[np.float64] = (1 / np.maximum(np.bincount(place, weights=passages), 1.0))[place]
        return found

    whole = one_over(pool)
    if group is not None:
        return np.maximum(one_over(group) - whole, 0.0)
    single: NDArray[np.float64] = 1 / np.maximum(passages, 1.0) - whole
    for code in codes if len(codes) > 1 else ():
        single = single - (one_over(code) - whole)
    return np.maximum(single, 0.0)


def _between(values: NDArray[np.float64], chance: NDArray[np.float64]) -> float:
    """The variance beyond chance at which the weighted squares are as many as they are (Paule and Mandel 1982)."""
    squares = values**2
    open_to_it = chance > 0
    if not open_to_it.any():
        return float(squares.mean()) if len(squares) else 0.0
    squares, chance = squares[open_to_it], chance[open_to_it]
    low, high = 0.0, float(squares.sum()) + 1e-12
    if float((squares / chance).mean()) <= 1:
        return 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float((squares / (middle + chance)).mean()) > 1 else (low, middle)
    return high


def _about(
    values: NDArray[np.float64], size: NDArray[np.float64], pool: NDArray[np.int64]
) -> NDArray[np.float64]:
    import numpy as np

    place = np.unique(pool, return_inverse=True)[1]
    mean = np.bincount(place, weights=size * values) / np.maximum(np.bincount(place, weights=size), 1e-300)
    found: NDArray[np.float64] = values - mean[place]
    return found
