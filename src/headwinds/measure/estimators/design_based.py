"""The stratified two-phase estimator as an Indicator: what the estimators that rest on the gold's design have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.indicator import Indicator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.decomposition import Decomposition
    from headwinds.measure.frame import Frame
    from headwinds.measure.pool_errors import PoolErrors
    from headwinds.measure.settings import EstimatorSettings


def estimate_design_based(frame: Frame, cells: Cells, settings: EstimatorSettings, method: str) -> Indicator:
    """Estimate with these settings; rows by label, then cell."""
    import numpy as np

    from headwinds.measure.cell_counts import count_cells
    from headwinds.measure.decomposition import decompose, interval
    from headwinds.measure.gold_draws import draw_findings, stands_for_findings
    from headwinds.measure.label_errors import label_correlation
    from headwinds.measure.label_kinds import in_units, sum_to_one
    from headwinds.measure.pool_errors import pool_errors
    from headwinds.measure.pools import POOL_NAMES, sums

    parts = decompose(frame, cells, settings)
    labels, size = len(frame.label_names), len(cells)
    lower, upper = interval(parts, settings.level)
    correction = parts.correction + parts.counted
    errors = pool_errors(frame, parts, _pool_variance(parts, correction))
    own = np.column_stack([one.own for one in errors])[parts.pool]
    alone = np.where(correction != 0, (parts.share**2)[:, None] * own, 0.0)
    sampling = sums(parts.cell, parts.sampling + alone, size)
    scatter = sums(parts.cell, parts.scatter, size)
    sampling[np.isnan(parts.value)] = np.nan
    documents, passages, gold = count_cells(frame, cells)
    thin = (passages < settings.minimum_passages) | (documents < settings.minimum_documents)
    lower[thin], upper[thin] = np.nan, np.nan
    # Zero variance is only believed where every passage of the cell was read.
    unread = np.bincount(parts.parts.cell, weights=parts.parts.size, minlength=size) > gold + 0.5
    variance = sums(parts.cell, parts.sampling + correction, size) + (parts.slope_error**2).sum(axis=2)
    none = (variance <= 0) & unread[:, None]
    sampling[none], lower[none], upper[none] = np.nan, np.nan, np.nan
    deepest = np.zeros(size, dtype=np.int64)
    weighs = parts.share > 0
    np.maximum.at(deepest, parts.cell[weighs], parts.pools.depth[parts.pool[weighs]])
    estimated = Indicator(
        keys=cells.keys,
        cells=cells.values * labels,
        labels=tuple(name for name in frame.label_names for _ in range(size)),
        value=parts.value.T.reshape(-1),
        sampling_variance=sampling.T.reshape(-1),
        audit_factor=_audit_factor(parts, errors, correction != 0),
        lower=lower.T.reshape(-1),
        upper=upper.T.reshape(-1),
        documents=np.tile(documents, labels),
        passages=np.tile(passages, labels),
        gold=np.tile(gold, labels),
        pooled=tuple(POOL_NAMES[depth] for depth in deepest) * labels,
        method=method,
        berkson_variance=np.where(np.isnan(sampling), np.nan, scatter).T.reshape(-1),
        label_correlation=label_correlation(frame, parts),
        findings=(
            *_findings(parts, settings, thin, none | np.isnan(sampling), deepest, cells.keys),
            *draw_findings(frame),
            *stands_for_findings(frame, parts.parts.stratum_size),
            *_cell_findings(frame, cells, settings, bool((deepest > 0).any())),
        ),
    )
    return in_units(sum_to_one(estimated, frame), frame)


def _cell_findings(
    frame: Frame, cells: Cells, settings: EstimatorSettings, borrows: bool
) -> tuple[Finding, ...]:
    """Where cells borrow one correction, whether the gold says that they need different ones."""
    from headwinds.measure.pooling_tests import pooling_rejections

    if not borrows or settings.area_effects or settings.power is not None:
        return ()
    rejected = pooling_rejections(frame, cells)
    if not rejected:
        return ()
    return (
        Finding(
            "W326",
            f"cells borrow corrections, and the gold says that they need different ones: {rejected[0]}.",
            "Use the estimator 'small-area', which estimates how much they differ.",
        ),
    )


def _pool_variance(parts: Decomposition, correction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of each pool's correction, shape (P, L): that of its terms over their share."""
    import numpy as np

    found = np.zeros((len(parts.pools.depth), correction.shape[1]))
    live = np.flatnonzero(parts.share > 0)
    np.maximum.at(found, parts.pool[live], correction[live] / (parts.share[live] ** 2)[:, None])
    return found


def _audit_factor(
    parts: Decomposition, errors: list[PoolErrors], corrected: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The loadings of the pools by label, then one column a contextual slope that was estimated, shape (C x L, columns).

    Parameters
    ----------
    corrected
        Shape (T, L): which terms have the error of their pool.
    """
    import numpy as np

    from headwinds.measure.pools import sums

    size, labels = parts.value.shape
    blocks = []
    for label, one in enumerate(errors):
        block = np.zeros((size * labels, one.loadings.shape[1]))
        loads = np.where(corrected[:, label], parts.share, 0.0)[:, None] * one.loadings[parts.pool]
        block[label * size : (label + 1) * size] = sums(parts.cell, loads, size)
        blocks.append(block)
    slopes = []
    for label in range(labels):
        for slope in np.flatnonzero(parts.slope_error[:, label].any(axis=0)):
            moved = np.zeros(size * labels)
            moved[label * size : (label + 1) * size] = parts.slope_error[:, label, slope]
            slopes.append(moved)
    return np.column_stack([*blocks, *slopes])


def _findings(
    parts: Decomposition,
    settings: EstimatorSettings,
    thin: NDArray[np.bool_],
    undefined: NDArray[np.bool_],
    deepest: NDArray[np.int64],
    keys: tuple[str, ...],
) -> tuple[Finding, ...]:
    import numpy as np

    from headwinds.measure.cells import cells_by

    found = []
    which = cells_by(keys)
    if thin.any():
        found.append(
            Finding(
                "W301",
                f"{int(thin.sum())} of {len(thin)} {which} are too thin for an interval (fewer than "
                f"{settings.minimum_passages} passages or {settings.minimum_documents} documents).",
                "Measure by wider cells.",
            )
        )
    if undefined.any():
        found.append(
            Finding(
                "W302",
                f"the variance of {int(undefined.sum())} of {undefined.size} shares of {which} is not available: too few "
                "passages or gold labels to see any variation.",
                "Label more passages there, or pool.",
            )
        )
    if (deepest > 0).any() and settings.area_effects:
        found.append(
            Finding(
                "N325",
                f"{int((deepest > 0).sum())} of {len(deepest)} {which} mix what their own gold says with what their "
                "stratum's says, by the variances of the two; how much cells differ was estimated from the gold.",
            )
        )
    elif (deepest > 0).any():
        found.append(
            Finding(
                "N303",
                f"{int((deepest > 0).sum())} of {len(deepest)} {which} borrow a correction from the gold of their stratum "
                f"({int((deepest == 2).sum())} of them from all periods), which assumes that labels relate to "
                "predictions there as they do in the pool.",
                "Look at the drift test.",
            )
        )
    rare = sorted(
        {parts.parts.coarse_names[parts.pools.coarse[pool]] for pool, _ in np.argwhere(parts.pools.rare != 0)}
    )
    if rare:
        found.append(
            Finding(
                "N304",
                f"some labels have fewer than {settings.minimum_count} positives (or negatives) among the gold of a stratum "
                f"({', '.join(rare)}): their share there is a rare count, and its interval that of a count.",
                "More labels there narrow it; see the widths by stratum.",
            )
        )
    return tuple(found)
