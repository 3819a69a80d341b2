"""Several fits of one model, one index: what another seed would have moved becomes a part of its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding
from headwinds.errors import EstimationError, MismatchError
from headwinds.measure.shares import AUTO, estimate_shares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

FEW_FITS = 5


def estimate_fits(
    frames: Sequence[Frame], cells: Cells, estimator: str = AUTO, **options: Any
) -> list[Indicator]:
    """The shares of each fit by one estimator, so that `combine_fits` puts like and like together.

    What the gold refuses for the scores of one fit is not used for the others either: all are then estimated by the
    default, and each has the findings that say what was refused (W321).

    Parameters
    ----------
    frames
        The same passages and the same gold with the scores of each fit; cells are theirs.
    estimator, options
        As in `estimate_shares`.
    """
    fits = [estimate_shares(frame, cells, estimator, **options) for frame in frames]
    if len({fit.method for fit in fits}) < 2:
        return fits
    refused = dict.fromkeys(finding for fit in fits for finding in fit.findings if finding.code == "W321")
    fits = [estimate_shares(frame, cells, **options) for frame in frames]
    if len({fit.method for fit in fits}) > 1:
        # The data allow different defaults (the scores of one fit do not vary): the first fit's is used for all.
        fits = [estimate_shares(frame, cells, fits[0].method, **options) for frame in frames]
    return [replace(fit, findings=(*refused, *fit.findings)) for fit in fits]


def combine_fits(fits: Sequence[Indicator], *, level: float = 0.95) -> Indicator:
    """One index from those of several fits (seeds) on the same passages and the same gold: their mean, and its error.

    The model part is the covariance of the fits' values over the number of fits, that of the mean. Sampling and audit
    parts are the fits' mean: their errors come from the same passages, so that averaging the fits does not average them
    out (to take them as independent would be too narrow, this is at most a little too wide).

    Notes
    -----
    The interval widens the model part by Student's t with Rubin's degrees of freedom (Rubin 1987, equation 3.1.6), since a
    spread between three fits is itself known badly.

    Raises
    ------
    EstimationError
        If there are fewer than two fits: one says nothing of what another would.
    MismatchError
        If the fits are not of the same cells, labels, method and unit.
    """
    import numpy as np

    if len(fits) < 2:
        raise EstimationError(
            f"{len(fits)} fit says nothing of the spread between fits; at least two are needed.",
            remedy="Tune with other seeds and score with each.",
        )
    first = fits[0]
    for number, fit in enumerate(fits[1:], start=2):
        for name in ("keys", "labels", "cells", "method", "unit"):
            if getattr(fit, name) != getattr(first, name):
                raise MismatchError(
                    f"fit {number} has other {name} than fit 1, so that they are not fits of one index.",
                    remedy="Measure each fit by the same keys, labels and estimator.",
                )
    count = len(fits)
    values = np.array([fit.value for fit in fits])
    mean = values.mean(axis=0)
    deviations = np.nan_to_num(values - mean).T
    model = deviations / np.sqrt(count * (count - 1))
    audit = narrow(np.column_stack([fit.audit_factor for fit in fits]) / np.sqrt(count))
    lower, upper = _bounds(fits, mean, (model**2).sum(axis=1), level)
    berkson = [fit.berkson_variance for fit in fits]
    depths = [fit.pooled for fit in fits]
    findings = list(dict.fromkeys(finding for fit in fits for finding in fit.findings))
    if count < FEW_FITS:
        findings.append(
            Finding(
                "N343",
                f"The spread between fits of the model comes from {count} fits: the intervals are wider for it, and its "
                "share of the error is a rough figure.",
                f"{FEW_FITS} or more fits tell it better.",
            )
        )
    return replace(
        first,
        value=mean,
        sampling_variance=np.mean([fit.sampling_variance for fit in fits], axis=0),
        audit_factor=audit,
        lower=lower,
        upper=upper,
        pooled=tuple(
            max(names, key=lambda name: (bool(name), name == "corpus")) for names in zip(*depths, strict=True)
        ),
        findings=tuple(findings),
        provenance={**first.provenance, "fits": str(count)},
        berkson_variance=None
        if any(one is None for one in berkson)
        else np.mean([one for one in berkson if one is not None], axis=0),
        model_factor=model,
        sampling_factor=_mean_factor([fit.sampling_factor for fit in fits]),
        berkson_factor=_mean_factor([fit.berkson_factor for fit in fits]),
    )


def _mean_factor(factors: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    """A factor of the mean of the fits' covariances; None where no fit has one."""
    import numpy as np

    there = [factor for factor in factors if factor is not None]
    return narrow(np.column_stack(there) / np.sqrt(len(factors))) if there else None


def narrow(factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same covariance in no more columns than rows; the factor itself where it has no more."""
    import numpy as np

    if factor.shape[1] <= factor.shape[0]:
        return factor
    root: NDArray[np.float64] = np.asarray(np.linalg.qr(factor.T, mode="r")).T
    return root


def _bounds(
    fits: Sequence[Indicator], mean: NDArray[np.float64], model: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The fits' mean distances to their bounds, and the model's part, by t; within [0, 1] where the fits are."""
    import numpy as np
    from scipy import stats

    normal = stats.norm.ppf((1 + level) / 2)
    within = np.mean([fit.variance for fit in fits], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = (len(fits) - 1) * (1 + within / model) ** 2
    reach = np.where(
        model > 0, stats.t.ppf((1 + level) / 2, np.where(model > 0, np.minimum(freedom, 1e9), 1e9)), normal
    )
    bounds = []
    for side, sign in (("lower", -1), ("upper", 1)):
        squares = np.mean([((getattr(fit, side) - fit.value) / normal) ** 2 for fit in fits], axis=0)
        bounds.append(mean + sign * reach * np.sqrt(squares + model))
    low, high = bounds
    if fits[0].unit == "share":
        low, high = (
            np.where(high > 0, np.maximum(low, 0.0), low),
            np.where(low < 1, np.minimum(high, 1.0), high),
        )
    return low, high
