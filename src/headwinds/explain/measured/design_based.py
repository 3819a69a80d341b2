"""Design-based supervised learning (Egami, Hinck, Stewart, Wei 2023): a regression on documents, some of them read.

A variable, the outcome or a regressor, is predicted for every document and known for those that were read; each document's
probability pi of being read is known, because the reader drew it. With m the estimating function of the regression,

    sum_i m(predicted)_i + R_i / pi_i (m(true)_i - m(predicted)_i) = 0

is right on average whatever the classifier does: differential error, drift, nonsense. A better prediction only makes it
narrower. So predictions are first brought nearer to the truth by a regression on everything that is known, fitted on the
documents that were read, each left out of the fit that predicts it (cross-fitting).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.contracts import Estimate, Finding
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain import words
from headwinds.explain.measured.comparison import MeasuredRegression
from headwinds.explain.measured.label_design import outer_sum, require_numbers
from headwinds.explain.measured.moments import FEW_CLUSTERS, require_full_rank
from headwinds.explain.table_columns import column_numbers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Model = Literal["linear", "logistic"]
METHOD = "design-based"
ASSUMES = {
    "naive": "the predictions are the truth",
    METHOD: "documents were read with the stated probabilities; nothing of the classifier",
    "documents read": "documents were read with the stated probabilities",
}
FOLDS = 5
MOST_COLUMNS = 500
FEW_READ = 50
LEAST_PER_FEATURE = 10


@dataclass(frozen=True, slots=True)
class _Variables:
    """Outcome and regressors with the truth (NaN-free copies where unread: the prediction) and with predictions."""

    true: tuple[NDArray[np.float64], NDArray[np.float64]]
    raw: tuple[NDArray[np.float64], NDArray[np.float64]]
    better: tuple[NDArray[np.float64], NDArray[np.float64]]
    weight: NDArray[np.float64]
    cluster: NDArray[np.int64] | None
    names: tuple[str, ...]


def design_based_regression(
    frame: pd.DataFrame,
    *,
    outcome: str,
    regressors: Sequence[str],
    predictions: Mapping[str, str],
    probability: str | float,
    effects: Sequence[str] = (),
    cluster: str | None = None,
    model: Model = "linear",
    seed: int = 0,
) -> MeasuredRegression:
    """Regress on documents of which some were read: naive, design-based, and by the documents read alone.

    Parameters
    ----------
    frame
        One row a document.
    outcome, regressors
        Columns; what was read only for some documents is empty (NaN) for the others.
    predictions
        For each such column, the column of its predictions (labels or probabilities), which is full.
    probability
        The known probability of being read: a column, or one number for all.
    effects
        Columns whose levels enter as dummies, up to 500 together.
    cluster
        Column of groups within which errors may hang together.
    model
        "linear" or "logistic" (an outcome of 0 or 1).
    seed
        Of the folds of the cross-fitting.

    Raises
    ------
    DataError
        A column is missing or not a number; a probability is outside (0, 1]; no document was read.
    EstimationError
        A regressor is collinear; the logistic model has no solution.
    SettingsError
        There is nothing predicted among outcome and regressors, or no such model.
    """
    if model not in ("linear", "logistic"):
        raise SettingsError(f"model is {model!r}, expected 'linear' or 'logistic'.")
    variables, read = _variables(
        frame, outcome, tuple(regressors), predictions, probability, tuple(effects), cluster, seed
    )
    functions = _LINEAR if model == "linear" else _LOGISTIC
    if model == "logistic":
        bad = ~frame[outcome].dropna().isin([0, 1])
        if bad.any():
            raise DataError(f"Column {outcome!r} is not 0 or 1 throughout, as a logistic model needs.")
    count = len(regressors)
    weight = variables.weight
    ones = weight * 0 + 1
    parts = {
        "naive": [(variables.raw, ones)],
        METHOD: [(variables.better, ones - weight), (variables.true, weight)],
        "documents read": [(variables.true, weight)],
    }
    found = {}
    for name, terms in parts.items():
        value, covariance = _solve(terms, variables.cluster, functions)
        findings = _findings(weight) if name != "naive" else ()
        found[name] = _estimate(
            name,
            value[:count],
            covariance[:count, :count],
            variables,
            outcome,
            model,
            effects,
            findings,
            read,
        )
    return MeasuredRegression(
        naive=found["naive"], corrected=found[METHOD], others=(found["documents read"],)
    )


def _variables(
    frame: pd.DataFrame,
    outcome: str,
    regressors: tuple[str, ...],
    predictions: Mapping[str, str],
    probability: str | float,
    effects: tuple[str, ...],
    cluster: str | None,
    seed: int,
) -> tuple[_Variables, NDArray[np.bool_]]:
    import numpy as np

    measured = [name for name in (outcome, *regressors) if name in predictions]
    if not measured:
        raise SettingsError("predictions names neither the outcome nor a regressor.")
    known = [name for name in (outcome, *regressors) if name not in predictions]
    pi_column = [probability] if isinstance(probability, str) else []
    require_numbers(
        frame,
        [*known, *(predictions[name] for name in measured), *pi_column],
        [*effects, *([cluster] if cluster else [])],
    )
    for name in measured:
        if name not in frame:
            raise DataError(f"There is no column {name!r}; the columns are {', '.join(map(str, frame))}.")
    frame = frame.assign(**{name: column_numbers(frame[name], "The table of documents") for name in measured})
    read = frame[measured].notna().all(axis=1).to_numpy()
    pi = (
        frame[probability].to_numpy(dtype=float)
        if isinstance(probability, str)
        else np.full(len(frame), probability)
    )
    bad = ~((pi > 0) & (pi <= 1))
    if bad.any():
        raise DataError(
            f"Row {int(np.argmax(bad)) + 1}: the probability of being read is {pi[bad][0]:g}, expected more than 0 and at "
            "most 1.",
            remedy="A document that could not have been read cannot be spoken for.",
        )
    if not read.any():
        raise DataError("No document was read: every row lacks a true value.")
    weight = read / pi
    columns = {name: frame[name].to_numpy(dtype=float) for name in known}
    raw = {name: frame[predictions[name]].to_numpy(dtype=float) for name in measured}
    true = {name: np.where(read, frame[name].to_numpy(dtype=float), raw[name]) for name in measured}
    features = np.column_stack([np.ones(len(frame)), *raw.values(), *columns.values()])
    better = {name: _cross_fitted(features, raw[name], true[name], read, weight, seed) for name in measured}
    dummies = _dummies(frame, effects)

    def matrix(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        both = {**columns, **values}
        return np.column_stack([*(both[name] for name in regressors), dummies])

    plain = matrix(raw)
    absorbed = plain[:, len(regressors) :]
    within = plain[:, : len(regressors)]
    require_full_rank(
        within - absorbed @ np.linalg.lstsq(absorbed, within, rcond=None)[0], within, regressors
    )
    y = {**columns}
    codes = None
    if cluster:
        codes = np.unique(frame[cluster].to_numpy(), return_inverse=True)[1].astype(np.int64)
        if codes.max() == 0:
            raise EstimationError(f"All {len(frame)} rows are in one cluster ({cluster}).")
    return (
        _Variables(
            true=({**y, **true}[outcome], matrix(true)),
            raw=({**y, **raw}[outcome], matrix(raw)),
            better=({**y, **better}[outcome], matrix(better)),
            weight=weight,
            cluster=codes,
            names=regressors,
        ),
        read,
    )


def _cross_fitted(
    features: NDArray[np.float64],
    raw: NDArray[np.float64],
    true: NDArray[np.float64],
    read: NDArray[np.bool_],
    weight: NDArray[np.float64],
    seed: int,
) -> NDArray[np.float64]:
    """The truth predicted from all that is known, by least squares; the classifier's own prediction where few were read."""
    import numpy as np

    if read.sum() < LEAST_PER_FEATURE * features.shape[1] * FOLDS / (FOLDS - 1):
        return raw.copy()
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(read))
    predicted, mean = np.empty(len(read)), np.zeros(len(read))
    for number in range(FOLDS):
        fitted = read & (fold != number)
        root = np.sqrt(weight[fitted])
        value, *_ = np.linalg.lstsq(features[fitted] * root[:, None], true[fitted] * root, rcond=None)
        here = features @ value
        predicted[fold == number] = here[fold == number]
        mean += here / FOLDS
    return np.where(read, predicted, mean)


def _dummies(frame: pd.DataFrame, effects: Sequence[str]) -> NDArray[np.float64]:
    """A column of ones and dummies of all levels but the first of each effect, redundant ones left out."""
    import numpy as np

    columns = [np.ones(len(frame))]
    for name in effects:
        levels, code = np.unique(frame[name].to_numpy(), return_inverse=True)
        columns += [(code == level).astype(float) for level in range(1, len(levels))]
        if len(columns) > MOST_COLUMNS:
            raise EstimationError(
                f"The effects have more than {MOST_COLUMNS} levels, which is the most here."
            )
    table = np.column_stack(columns)
    _, triangle = np.linalg.qr(table)
    kept: NDArray[np.float64] = table[:, np.abs(np.diag(triangle)) > 1e-8 * np.sqrt(len(frame))]
    return kept


Terms = Sequence[tuple[tuple["NDArray[np.float64]", "NDArray[np.float64]"], "NDArray[np.float64]"]]
Functions = Callable[["NDArray[np.float64]"], "tuple[NDArray[np.float64], NDArray[np.float64]]"]


def _linear(index: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of the outcome at the linear index, and its derivative."""
    return index, index * 0 + 1


def _logistic(index: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy.special import expit

    mean = expit(index)
    return mean, mean * (1 - mean)


_LINEAR: Functions = _linear
_LOGISTIC: Functions = _logistic


def _solve(
    terms: Terms, cluster: NDArray[np.int64] | None, mean_of: Functions
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Newton's method on the weighted sum of the terms' estimating functions, and the sandwich covariance."""
    import numpy as np

    size = terms[0][0][1].shape[1]
    value = np.zeros(size)
    for _ in range(100):
        score, slope = np.zeros((len(terms[0][1]), size)), np.zeros((size, size))
        for (y, x), weight in terms:
            mean, derivative = mean_of(x @ value)
            score += x * (weight * (y - mean))[:, None]
            slope += (x * (weight * derivative)[:, None]).T @ x
        try:
            bread = np.linalg.inv(slope)
        except np.linalg.LinAlgError as error:
            raise EstimationError(
                "The regression has no solution: the documents read do not tell its regressors apart.",
                remedy="Read more documents.",
            ) from error
        step = bread @ score.sum(axis=0)
        if np.abs(step).max() <= 1e-10 * (1 + np.abs(value).max()):
            covariance: NDArray[np.float64] = bread @ outer_sum(score, cluster) @ bread.T
            return value, covariance
        value = (
            value + step * min(1.0, 5.0 / float(np.abs(step).max())) if mean_of is _LOGISTIC else value + step
        )
    raise EstimationError(
        "The model has no solution: the outcome is told perfectly, or too few documents were read.",
        remedy="Read more documents, or use the linear model.",
    )


def _findings(weight: NDArray[np.float64]) -> tuple[Finding, ...]:
    read = weight[weight > 0]
    effective = float(read.sum() ** 2 / (read**2).sum())
    if effective >= FEW_READ:
        return ()
    return (
        Finding(
            "W439",
            f"{len(read)} documents were read, worth {effective:.0f} drawn with equal probability: the interval is rough.",
            "Read more, with probabilities that differ less.",
        ),
    )


def _estimate(
    method: str,
    value: NDArray[np.float64],
    covariance: NDArray[np.float64],
    variables: _Variables,
    outcome: str,
    model: Model,
    effects: Sequence[str],
    findings: tuple[Finding, ...],
    read: NDArray[np.bool_],
) -> Estimate:
    import numpy as np

    rows = len(variables.weight)
    # What was read in few clusters is known from few, however many there are in all.
    own = np.arange(rows) if variables.cluster is None else variables.cluster
    clusters = len(np.unique(own if method == "naive" else own[read]))
    if clusters < FEW_CLUSTERS:
        findings = (*findings, Finding("W401", f"{clusters} clusters: clustered errors are too small."))
    error = np.sqrt(np.diag(covariance))
    error = np.where(error > 0, error, np.nan)
    what = "the log odds of " if model == "logistic" else ""
    return Estimate(
        names=variables.names,
        value=value,
        standard_error=error,
        covariance=covariance,
        method=method,
        estimand=f"By how much {what}{outcome} is associated with one unit more of {', '.join(variables.names)}, each with "
        f"the others held fixed; {rows:,} documents, {int(read.sum()):,} of them read.",
        variation=words.variation(tuple(effects)).replace("the share", "the regressors"),
        absorbed=words.absorbed(tuple(effects)).replace("the share", "the regressors"),
        units=f"{what}{outcome}, per unit",
        observations=rows,
        clusters=clusters,
        degrees_of_freedom=max(clusters - 1, 1),
        findings=findings,
        provenance={"assumes": ASSUMES[method]},
    )
