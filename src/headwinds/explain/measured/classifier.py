"""Growth on shares that a classifier counted, with its error rates learnt from audited documents.

Each cell's predicted share q is turned into p(q) by the error rates (`error_rates.py`). What is left is an index with a
known sampling variance, p'(q)^2 q (1 - q) / (n - 1) by the delta method, and goes through errors in variables. What is not
known of the error rates is let through by drawing the audit anew (Poisson bootstrap) and doing all of it again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from headwinds.contracts import Estimate, Finding
from headwinds.errors import SettingsError
from headwinds.explain.measured import errors_in_variables
from headwinds.explain.measured.classified import classified_cells
from headwinds.explain.measured.comparison import MeasuredRegression
from headwinds.explain.measured.design import make_design
from headwinds.explain.measured.error_rates import (
    LEAST_SEPARATION,
    Audit,
    Basis,
    ErrorRates,
    Shape,
    basis_of,
    fit_error_rates,
    poisson_weights,
    require_both_classes,
    separation,
)
from headwinds.explain.measured.moments import as_estimate, make_moments
from headwinds.explain.measured.naive import ASSUMES as NAIVE_ASSUMES
from headwinds.explain.measured.naive import naive_estimate
from headwinds.explain.measured.projection import make_projection
from headwinds.explain.measured.verdicts import audited_basis, drift_findings, refused_where_rejected, tested

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from headwinds.contracts import Indicator
    from headwinds.explain.measured.classified import ClassifiedCells
    from headwinds.explain.measured.design import Design
    from headwinds.explain.measured.projection import Projection

Documents = Literal["sample", "all"]
DEFAULT: Shape = "within"
METHODS: dict[Shape, str] = {
    "within": "smooth error rates within effects",
    "smooth": "smooth error rates",
    "constant": "constant error rates",
}
ASSUMES: dict[Shape, str] = {
    "within": "error rates depend on where a document stands by a straight line in the cell's predicted share within the "
    "effects and another in what the effects explain of it, and never on the outcome's residual",
    "smooth": "error rates depend on where a document stands only by a straight line in the cell's predicted share, "
    "and never on the outcome's residual",
    "constant": "error rates are the same in every cell, and never depend on the outcome's residual",
}
DRAWS = 200
MOST_LOST = 0.05
LARGEST_BLOCK = 2e7


def regress_with_classifier(
    outcome: pd.DataFrame,
    shares: pd.DataFrame,
    audit: pd.DataFrame,
    *,
    lag: int = 1,
    outcome_words: str = "growth",
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("entity", "period"),
    cluster: str = "entity",
    error_rates: Shape = DEFAULT,
    documents_are: Documents = "sample",
    audit_is_inside: bool = True,
    draws: int = DRAWS,
    seed: int = 0,
) -> MeasuredRegression:
    """Regress an outcome on lagged predicted shares: naive, and corrected with error rates of three shapes.

    Parameters
    ----------
    outcome
        Columns `entity`, `period`, `value`, and those that `controls`, `effects` and `cluster` name.
    shares, audit, audit_is_inside
        See `classified_cells`.
    lag
        Calendar periods by which the share precedes the outcome.
    error_rates
        Which shape of error rates `corrected` has; the others stand beside it. "within", "smooth" or "constant": each takes
        less for granted than the next one, and its interval is wider for it. The default takes least: tests that look for
        differences between countries find moderate ones half of the time, and "smooth" is wrong where they are not found.
    documents_are
        "sample": what counts is the propensity behind the documents, so that few documents are an error of their own.
        "all": the documents are all there are and their share is what counts; only the classifier errs.
    draws, seed
        Of the audit, by Poisson bootstrap.

    Returns
    -------
    MeasuredRegression
        `corrected` has the shape that was asked for; `checks` are the drift tests of each label. Coefficients
        are per unit of the share, from none to all. An estimator whose assumption a test rejects is NaN, with a finding.

    Raises
    ------
    DataError, MismatchError
        A table is not what it should be, or tables do not meet.
    EstimationError
        Too few documents of a class were audited; a regressor is collinear.
    """
    if error_rates not in METHODS:
        raise SettingsError(f"error_rates is {error_rates!r}, expected {', '.join(map(repr, METHODS))}.")
    if documents_are not in ("sample", "all"):
        raise SettingsError(f"documents_are is {documents_are!r}, expected 'sample' or 'all'.")
    cells = classified_cells(shares, audit, audit_is_inside=audit_is_inside)
    design = make_design(
        outcome,
        _per_document(cells, documents_are),
        labels=cells.labels,
        lag=lag,
        controls=controls,
        effects=effects,
        cluster=cluster,
        standardise=False,
    )
    return classifier_regression(
        design, cells, outcome_words, lag,
        error_rates=error_rates, documents_are=documents_are, draws=draws, seed=seed,
    )  # fmt: skip


def classifier_regression(
    design: Design,
    cells: ClassifiedCells,
    outcome_words: str,
    lag: int,
    *,
    error_rates: Shape = DEFAULT,
    documents_are: Documents = "sample",
    draws: int = DRAWS,
    seed: int = 0,
    naive: Estimate | None = None,
    refuse: bool = True,
) -> MeasuredRegression:
    """The same from a design of predicted shares, whose `variance` is 1 / (n - 1) ("sample") or 1 / n ("all").

    `naive` is the naive estimate where it is there already; `refuse` False leaves what the tests reject, for simulations.
    """
    import numpy as np
    import pandas as pd

    projection = make_projection(design.effects, len(design.outcome))
    weights = _weights(cells.audits, draws, np.random.default_rng(seed))
    found: dict[Shape, Estimate] = {}
    for shape in METHODS:
        found[shape] = classified_estimate(
            design, projection, cells, shape, outcome_words, lag, weights=weights, documents_are=documents_are
        )
    tests = tested(design, projection, cells, found["smooth"].value, lag)
    for shape in METHODS if refuse else ():
        found[shape] = refused_where_rejected(found[shape], shape, tests, cells.labels)
    naive = naive or naive_estimate(design, outcome_words, lag)
    return MeasuredRegression(
        naive=dataclasses.replace(naive, provenance={"assumes": NAIVE_ASSUMES}),
        corrected=found[error_rates],
        others=tuple(found[shape] for shape in METHODS if shape != error_rates),
        findings=drift_findings(tests, cells),
        checks=pd.concat(
            [test.table(label) for test, label in zip(tests, cells.labels, strict=True)], ignore_index=True
        ),
    )


def classified_estimate(
    design: Design,
    projection: Projection,
    cells: ClassifiedCells,
    shape: Shape,
    outcome_words: str,
    lag: int,
    *,
    weights: Sequence[NDArray[np.float64]],
    documents_are: Documents = "sample",
) -> Estimate:
    """Errors in variables on the shares that one shape of error rates gives, with the audit drawn anew.

    Parameters
    ----------
    weights
        One array a label, shape (draws, audit rows): how often each audited row stands in each draw.

    Returns
    -------
    Estimate
        NaN with W438 where the classifier hardly tells the classes apart in some cell, or a curve cannot be fitted.
    """
    import numpy as np

    bases = [_basis(shape, design, projection, at) for at in range(len(cells.labels))]
    audits, audited, places = zip(
        *(audited_basis(shape, design, projection, cells, at, lag) for at in range(len(cells.labels))),
        strict=True,
    )
    for audit in audits:
        require_both_classes(audit)
    rates = [fit_error_rates(audit, basis) for audit, basis in zip(audits, audited, strict=True)]
    unknown = np.full(len(design.names), np.nan)
    apart = min(separation(rate, basis) for rate, basis in zip(rates, bases, strict=True))
    if not apart >= LEAST_SEPARATION:  # also where it is NaN
        lost = Finding(
            "W438",
            f"With {METHODS[shape]} the classifier hardly tells the classes apart in some cells (rate of true less false "
            f"calls {apart:.2f}, {LEAST_SEPARATION} is the least), or the audited cells differ too little for a curve.",
            "Label more documents, in cells with high and with low predicted shares"
            + (", or read the estimate with smooth error rates." if shape == "within" else "."),
        )
        return _told(
            as_estimate(design, unknown, np.diag(unknown), METHODS[shape], outcome_words, lag, (lost,)), shape
        )
    turned = turned_design(design, rates, bases, documents_are)
    moments = make_moments(turned, projection)
    findings = errors_in_variables.reliability_findings(moments)
    if not errors_in_variables.identified(moments):
        found = errors_in_variables.corrected_estimate(turned, outcome_words, lag)
        return _told(dataclasses.replace(found, method=METHODS[shape]), shape)
    value, covariance = errors_in_variables.solve(moments)
    drawn = [
        fit_error_rates(audit, basis, weight[:, there])
        for audit, basis, weight, there in zip(audits, audited, weights, places, strict=True)
    ]
    values = _values(design, projection, drawn, bases, documents_are)
    good = np.isfinite(values).all(axis=1)
    if good.mean() < 1 - MOST_LOST:
        covariance = np.full_like(covariance, np.nan)
        findings = (
            *findings,
            Finding(
                "W438",
                f"The slope is not identified in {1 - good.mean():.0%} of the audit's draws: no standard error is given.",
                "Label more documents.",
            ),
        )
    else:
        covariance = covariance + np.atleast_2d(np.cov(values[good], rowvar=False))
    return _told(as_estimate(design, value, covariance, METHODS[shape], outcome_words, lag, findings), shape)


def _basis(shape: Shape, design: Design, projection: Projection, at: int) -> Basis:
    """What the lines of a shape are lines in, at the rows of the regression."""
    predicted = design.index[:, at]
    within = projection.residuals(predicted) if shape == "within" else predicted
    return basis_of(shape, predicted, within, projection.diagonal)


def turned_design(
    design: Design, rates: Sequence[ErrorRates], bases: Sequence[Basis], documents_are: Documents
) -> Design:
    """The design with true shares for predicted ones, and their sampling variances."""
    import numpy as np

    shares, variances = [], []
    for at, (rate, basis) in enumerate(zip(rates, bases, strict=True)):
        share, variance = _turned(design, at, rate, basis, documents_are)
        shares.append(share)
        variances.append(variance)
    return dataclasses.replace(design, index=np.column_stack(shares), variance=np.column_stack(variances))


def _turned(
    design: Design, at: int, rate: ErrorRates, basis: Basis, documents_are: Documents
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """p(q) and its variance for one label: (..., rows) each."""
    predicted, per_document = design.index[:, at], design.variance[:, at]
    share, slope = rate.true_share(predicted, basis)
    if documents_are == "all":
        positive, negative = rate.rates(basis)
        spread = share * positive * (1 - positive) + (1 - share) * negative * (1 - negative)
    else:
        spread = predicted * (1 - predicted)
    return share, slope**2 * spread * per_document


def _values(
    design: Design,
    projection: Projection,
    drawn: Sequence[ErrorRates],
    bases: Sequence[Basis],
    documents_are: Documents,
) -> NDArray[np.float64]:
    """Coefficients in each draw, shape (draws, p); NaN where they are not identified."""
    import numpy as np

    rows, labels = design.index.shape
    size, draws = len(design.names), len(drawn[0].true_level)
    known = projection.residuals(np.column_stack([design.outcome, design.controls]))
    outcome, controls = known[:, 0], known[:, 1:]
    values = np.full((draws, size), np.nan)
    block = max(int(LARGEST_BLOCK // (rows * labels)), 1)
    for start in range(0, draws, block):
        part = slice(start, min(start + block, draws))
        count = part.stop - part.start
        regressors = np.empty((rows, count, size))
        noise = np.zeros((count, size))
        for at, (whole, basis) in enumerate(zip(drawn, bases, strict=True)):
            share, variance = _turned(design, at, whole.part(part), basis, documents_are)
            regressors[:, :, at] = projection.residuals(np.nan_to_num(share, nan=0.0).T)
            noise[:, at] = variance @ projection.diagonal
        regressors[:, :, labels:] = controls[:, None, :]
        moment = np.einsum("rbp,rbq->bpq", regressors, regressors, optimize=True)
        cross = np.einsum("rbp,r->bp", regressors, outcome, optimize=True)
        signal = moment - noise[:, :, None] * np.eye(size)
        good = _enough(moment, signal)
        values[start:][:count][good] = np.linalg.solve(signal[good], cross[good][..., None])[..., 0]
    return values


def _enough(moment: NDArray[np.float64], signal: NDArray[np.float64]) -> NDArray[np.bool_]:
    """In which draws signal is left in every direction; half of what is asked of the estimate itself, as draws scatter."""
    import numpy as np

    least = errors_in_variables.LEAST_RELIABILITY / 2
    good: NDArray[np.bool_] = np.asarray(np.isfinite(signal + moment).all(axis=(1, 2)))
    good[good] = np.linalg.eigvalsh(moment[good]).min(axis=1) > 0
    root = np.linalg.inv(np.linalg.cholesky(moment[good]))
    relative = root @ signal[good] @ root.transpose(0, 2, 1)
    good[good] = np.linalg.eigvalsh(relative).min(axis=1) > least
    return good


def _weights(
    audits: Sequence[Audit], draws: int, generator: np.random.Generator
) -> list[NDArray[np.float64]]:
    """One array a label; labels that share documents are drawn with the same number of times a document."""
    import numpy as np

    if len(audits) == 1 or not all((audit.count == 1).all() for audit in audits):
        return [poisson_weights(audit, draws, generator) for audit in audits]
    most = max(int(audit.document.max()) for audit in audits) + 1
    times = generator.poisson(1.0, (draws, most)).astype(np.float64)
    return [times[:, audit.document] for audit in audits]


def _per_document(cells: ClassifiedCells, documents_are: Documents) -> Indicator:
    """The predicted shares with 1 / (n - 1), or 1 / n, where their variance would stand; see `classifier_regression`."""
    import numpy as np

    count = cells.predicted.documents.astype(float)
    if documents_are == "sample":
        with np.errstate(divide="ignore"):
            each = np.where(count > 1, 1 / (count - 1), np.nan)
    else:
        each = 1 / count
    return dataclasses.replace(cells.predicted, sampling_variance=each)


def _told(estimate: Estimate, shape: Shape) -> Estimate:
    return dataclasses.replace(estimate, provenance={**estimate.provenance, "assumes": ASSUMES[shape]})
