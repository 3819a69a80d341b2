"""Documents with a label of zero or one: rows, effects taken out, least squares with robust errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.errors import DataError, EstimationError
from headwinds.explain import words
from headwinds.explain.measured.moments import FEW_CLUSTERS, require_full_rank
from headwinds.explain.measured.projection import make_projection

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabelDesign:
    """Rows of documents.

    Attributes
    ----------
    outcome
        Shape (rows,), within the effects (or less its mean, without effects).
    regressors
        Shape (rows, p), the same; the first column is the label's.
    cluster
        Shape (rows,): codes from 0, or None for errors that are independent.
    mean
        Share of the documents that have the label.
    names
        The label, then the controls.
    effects
        Names of the effects.
    outcome_name
        Of the outcome.
    """

    outcome: NDArray[np.float64]
    regressors: NDArray[np.float64]
    cluster: NDArray[np.int64] | None
    mean: float
    names: tuple[str, ...]
    effects: tuple[str, ...]
    outcome_name: str


def label_design(
    frame: pd.DataFrame,
    outcome: str,
    label: str,
    controls: Sequence[str],
    effects: Sequence[str],
    cluster: str | None,
    *,
    binary: str | None = None,
) -> LabelDesign:
    """Check the columns and take the effects out.

    Parameters
    ----------
    binary
        The column that has to be 0 or 1; the label if None.

    Raises
    ------
    DataError
        A column is missing, or not a number, or a label is not 0 or 1.
    EstimationError
        A regressor is collinear; there is one cluster.
    """
    import numpy as np

    needed = [outcome, label, *controls]
    require_numbers(frame, needed, (*effects, *([cluster] if cluster else [])))
    require_binary(frame, binary or label)
    codes = [np.unique(frame[name].to_numpy(), return_inverse=True)[1].astype(np.int64) for name in effects]
    clusters = None
    if cluster:
        clusters = np.unique(frame[cluster].to_numpy(), return_inverse=True)[1].astype(np.int64)
        if clusters.max() == 0:
            raise EstimationError(
                f"All {len(frame)} rows are in one cluster ({cluster}).", remedy="Cluster by something else."
            )
    plain = frame[needed].to_numpy(dtype=float)
    left = make_projection(codes, len(frame)).residuals(plain)
    require_full_rank(left[:, 1:], plain[:, 1:], tuple(needed[1:]))
    return LabelDesign(
        outcome=left[:, 0],
        regressors=left[:, 1:],
        cluster=clusters,
        mean=float(frame[label].mean()),
        names=(label, *controls),
        effects=tuple(effects),
        outcome_name=outcome,
    )


def require_numbers(frame: pd.DataFrame, numbers: Sequence[str], others: Sequence[str]) -> None:
    """Raise a DataError where a column is missing or empty, or is to be a number and is not in some row."""
    import numpy as np
    import pandas as pd

    for name in (*numbers, *others):
        if name not in frame:
            raise DataError(f"There is no column {name!r}; the columns are {', '.join(map(str, frame))}.")
    for name in numbers:
        bad = ~np.isfinite(pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float))
        if bad.any():
            raise DataError(
                f"Column {name!r}, row {int(np.argmax(bad)) + 1}: {frame[name].iloc[int(np.argmax(bad))]!r} is no number.",
                remedy="Leave such rows out.",
            )
    for name in others:
        if frame[name].isna().any():
            raise DataError(f"Rows in which column {name!r} is empty: {int(frame[name].isna().sum())}.")


def require_binary(frame: pd.DataFrame, name: str) -> None:
    """Raise a DataError where a column is not 0 or 1 throughout."""
    bad = ~frame[name].isin([0, 1])
    if bad.any():
        raise DataError(f"Column {name!r}: {frame[name][bad].iloc[0]!r} is no label, expected 0 or 1.")


def least_squares(design: LabelDesign) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and their covariance: HC0 (White 1980), or clustered with the factor G / (G - 1)."""
    import numpy as np

    bread = np.linalg.inv(design.regressors.T @ design.regressors)
    value = bread @ (design.regressors.T @ design.outcome)
    score = design.regressors * (design.outcome - design.regressors @ value)[:, None]
    covariance: NDArray[np.float64] = bread @ outer_sum(score, design.cluster) @ bread
    return value, covariance


def outer_sum(score: NDArray[np.float64], cluster: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """Sum of outer products of rows, or of the sums of clusters with the factor G / (G - 1)."""
    import numpy as np

    if cluster is None:
        plain: NDArray[np.float64] = score.T @ score
        return plain
    count = int(cluster.max()) + 1
    total: NDArray[np.float64] = np.column_stack(
        [np.bincount(cluster, weights=column, minlength=count) for column in score.T]
    )
    summed: NDArray[np.float64] = count / (count - 1) * (total.T @ total)
    return summed


def label_estimate(
    design: LabelDesign,
    value: NDArray[np.float64],
    covariance: NDArray[np.float64],
    method: str,
    assumes: str,
    findings: tuple[Finding, ...] = (),
) -> Estimate:
    """The estimate with its words."""
    import numpy as np

    rows = len(design.outcome)
    clusters = rows if design.cluster is None else int(design.cluster.max()) + 1
    if clusters < FEW_CLUSTERS:
        few = Finding("W401", f"{clusters} clusters: clustered errors are too small.", "Take more of them.")
        findings = (*findings, few)
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.diag(covariance))
    flat = np.isfinite(value) & ~(error > 0)
    if flat.any():
        error = np.where(flat, np.nan, error)
        findings = (
            *findings,
            Finding("W433", "The outcome is explained without a rest: a standard error is undefined."),
        )
    names = design.names[: len(value)]
    return Estimate(
        names=names,
        value=value,
        standard_error=error,
        covariance=covariance,
        method=method,
        estimand=f"By how much {design.outcome_name} differs between documents with and without {design.names[0]}, what "
        f"else is in the regression held fixed; {rows:,} documents.",
        variation=words.variation(design.effects).replace("the share", "the label"),
        absorbed=words.absorbed(design.effects).replace("the share", "the label"),
        units=f"{design.outcome_name}, with the label less without",
        observations=rows,
        clusters=clusters,
        degrees_of_freedom=max(clusters - 1, 1),
        findings=findings,
        provenance={"assumes": assumes},
    )
