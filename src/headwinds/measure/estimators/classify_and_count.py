"""Classify and count: the share of passages that the classifier takes for positive, its errors uncorrected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.indicator import Indicator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = "false positives and false negatives cancel in every cell"
SHOWN_LABELS = 5
LEAST_GOLD = 30
MARGIN = 0.37
"""Bias in standard errors of a share at which a 95% interval covers 93%."""


def estimate(
    frame: Frame,
    cells: Cells,
    *,
    level: float = 0.95,
    minimum_passages: int = 10,
    minimum_documents: int = 2,
) -> Indicator:
    """Weighted share of thresholded labels; its interval knows sampling (clustered by document) and no label error.

    Assumes that false positives and false negatives cancel in every cell. Of graded labels: the mean prediction.
    """
    import numpy as np
    from scipy.special import ndtri

    from headwinds.measure.cell_counts import count_cells
    from headwinds.measure.cells import cells_by
    from headwinds.measure.label_kinds import in_units
    from headwinds.measure.pools import make_parts, sums
    from headwinds.measure.scores import mean_scores

    parts, size, labels = make_parts(frame, cells), len(cells), len(frame.label_names)
    decided = frame.label.astype(np.float64)
    means = mean_scores(frame, parts, decided)
    present = (parts.share > 0)[:, None]
    value = sums(parts.cell, np.where(present, parts.share[:, None] * means, 0.0), size)
    documents, passages, gold = count_cells(frame, cells)
    value[passages == 0] = np.nan
    # Passages weigh by what they stand for, so that a part's size, not its sampled number, counts.
    part_weight = np.bincount(parts.row, weights=frame.weight, minlength=len(parts.cell))
    weight = frame.weight * (parts.share / np.where(part_weight > 0, part_weight, 1))[parts.row]
    width = int(frame.document_code.max(initial=0)) + 1
    code, home = np.unique(cells.code * width + frame.document_code, return_inverse=True)
    total = sums(home, weight[:, None] * (decided - np.nan_to_num(value)[cells.code]), len(code))
    clusters = np.bincount(code // width, minlength=size)[:, None]
    variance = sums(code // width, total**2, size) * clusters / np.where(clusters > 1, clusters - 1, np.nan)
    variance = np.where(variance > 0, variance, np.nan)
    reach = ndtri((1 + level) / 2) * np.sqrt(variance)
    thin = (passages < minimum_passages) | (documents < minimum_documents)
    lower, upper = np.maximum(value - reach, 0), np.minimum(value + reach, 1)
    lower[thin], upper[thin] = np.nan, np.nan
    findings = [
        Finding(
            "W305",
            "classify-and-count takes the classifier's errors for facts; its intervals leave them out.",
        )
    ]
    lost = int(np.isnan(lower).sum())
    if lost:
        findings.append(
            Finding(
                "W301",
                f"{lost} of {lower.size} shares of {cells_by(cells.keys)} are too thin for an interval.",
                "Measure by wider cells.",
            )
        )
    found = Indicator(
        keys=cells.keys,
        cells=cells.values * labels,
        labels=tuple(name for name in frame.label_names for _ in range(size)),
        value=value.T.reshape(-1),
        sampling_variance=variance.T.reshape(-1),
        audit_factor=np.zeros((size * labels, 0)),
        lower=lower.T.reshape(-1),
        upper=upper.T.reshape(-1),
        documents=np.tile(documents, labels),
        passages=np.tile(passages, labels),
        gold=np.tile(gold, labels),
        pooled=("",) * (size * labels),
        method="classify-and-count",
        findings=tuple(findings),
    )
    typical = np.sqrt(_middle(variance))
    return in_units(replace(found, findings=(*found.findings, *gold_against_counts(frame, typical))), frame)


def gold_against_counts(frame: Frame, standard_error: NDArray[np.float64]) -> tuple[Finding, ...]:
    """What the gold says of the decisions' balance: off (W327), or not shown to be right (W353).

    That errors cancel is for the estimator to show, as nothing makes them: W327 is the design-weighted mean of label minus
    decision against its standard error, with Bonferroni's level; where it does not reject, W353 asks whether an
    equivalence test (Schuirmann 1987) shows the mean to be within `MARGIN` of the interval's own standard error.

    Parameters
    ----------
    standard_error
        Of a cell's share, by label, as the interval has it.
    """
    import numpy as np
    from scipy.special import ndtri

    from headwinds.measure.gold_draws import mean_covariance
    from headwinds.measure.label_kinds import span_of

    if len(frame.gold_rows) < LEAST_GOLD:
        return ()
    draw = 1 / frame.inclusion_probability
    share = draw / draw.sum()
    miss = frame.gold_labels.astype(np.float64) - frame.label[frame.gold_rows]
    mean = share @ miss
    error = np.sqrt(np.diag(mean_covariance(share[:, None] * (miss - mean), frame)))
    bound = float(ndtri(1 - 0.025 / len(mean)))
    found, unshown = [], []
    graded, span = frame.kind == "score", span_of(frame)
    what, whole = ("plain mean", "") if graded else ("plain count", " of all passages")

    def told(value: float, sign: str) -> str:
        return f"{span * value:{sign}.3f}" if graded else f"{value:{sign}.1%}"

    for name, off, spread, claimed in zip(frame.label_names, mean, error, standard_error, strict=True):
        most = abs(off) + float(ndtri(0.95)) * spread
        if spread > 0 and abs(off) > bound * spread:
            found.append(
                Finding(
                    "W327",
                    f"the classifier's {what} of '{name}' is off by {told(-off, '+')}{whole} (standard error "
                    f"{told(spread, '')}).",
                    "Use the estimator 'auto', which corrects it.",
                )
            )
        elif spread > 0 and most > MARGIN * claimed:
            unshown.append((most, f"{told(most, '')} ('{name}', {told(claimed, '')})"))
    if unshown:
        largest = [words for _, words in sorted(unshown, reverse=True)]
        shown = ", ".join(largest[:SHOWN_LABELS]) + (", ..." if len(largest) > SHOWN_LABELS else "")
        what = "plain mean" if graded else "plain count, as a share of all passages,"
        found.append(
            Finding(
                "W353",
                f"labels for which the gold does not show that the classifier's errors cancel: {len(unshown)} of "
                f"{len(mean)}. Its {what} may be off by up to {shown}; in brackets the standard error that the intervals "
                "take in.",
                "Use the estimator 'auto', whose intervals know of it.",
            )
        )
    return tuple(found)


def _middle(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median over cells, shape (L,); NaN where no cell has any."""
    import numpy as np

    return np.array(
        [np.median(one[~np.isnan(one)]) if (~np.isnan(one)).any() else np.nan for one in variance.T]
    )
