"""What the drift tests mean for an estimate: which is refused, and in which words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.explain.measured.drift import drift_tests
from headwinds.explain.measured.error_rates import Basis, Shape, basis_of, fit_error_rates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.measured.classified import ClassifiedCells
    from headwinds.explain.measured.design import Design
    from headwinds.explain.measured.drift import DriftTests
    from headwinds.explain.measured.error_rates import Audit
    from headwinds.explain.measured.projection import Projection

WHERE = {
    "share": "with the predicted share",
    "effects": "otherwise within the effects than between them",
    "entity": "between entities at the same predicted share",
    "period": "between periods at the same predicted share",
}
BETWEEN = ("effects", "entity", "period")
REFUSED_BY: dict[Shape, tuple[str, ...]] = {"constant": ("share", *BETWEEN), "smooth": BETWEEN, "within": ()}


def tested(
    design: Design, projection: Projection, cells: ClassifiedCells, value: NDArray[np.float64], lag: int
) -> list[DriftTests]:
    """The drift tests of each label, with the residual that the smooth estimate leaves (naive slopes if it has none)."""
    import numpy as np
    import pandas as pd

    labels = range(len(cells.labels))
    smooth = [audited_basis("smooth", design, projection, cells, at, lag) for at in labels]
    inner = [audited_basis("within", design, projection, cells, at, lag) for at in labels]
    turned = []
    for at, (audit, basis, _) in enumerate(smooth):
        predicted = design.index[:, at]
        here = basis_of("smooth", predicted, predicted, projection.diagonal)
        turned.append(fit_error_rates(audit, basis).true_share(predicted, here))
    plain = np.column_stack([*(share for share, _ in turned), design.controls])
    usable = np.isfinite(plain).all() and np.isfinite(value).all()
    if usable:
        left = projection.residuals(np.column_stack([design.outcome, plain]))
        residual = left[:, 0] - left[:, 1:] @ value
    else:
        residual = projection.residuals(design.outcome)
    rows = pd.DataFrame({"entity": design.entity, "period": design.period - lag, "residual": residual})
    for at, (_, slope) in enumerate(turned):
        rows[f"slope{at}"] = slope
    by_cell = rows.groupby(["entity", "period"]).mean()
    found = []
    for at, audit in enumerate(cells.audits):
        where = pd.MultiIndex.from_arrays([cells.entity[at], cells.period[at]])
        there = by_cell.reindex(where)
        own = there["residual"].to_numpy()
        if usable:
            # The document moves its own cell's share, and so the residual: take that out.
            moved = audit.weight_in_cell * (audit.called - audit.share)
            own = own + value[at] * there[f"slope{at}"].to_numpy() * moved
        _, entity = np.unique(cells.entity[at], return_inverse=True)
        _, period = np.unique(cells.period[at], return_inverse=True)
        found.append(drift_tests(*smooth[at][:2], *inner[at][:2], entity, period, own))
    return found


def audited_basis(
    shape: Shape, design: Design, projection: Projection, cells: ClassifiedCells, at: int, lag: int
) -> tuple[Audit, Basis, NDArray[np.int64]]:
    """The audit, what the lines are lines in at its documents, and which of its rows these are (all but for "within").

    Rates within effects can use only documents whose cell is in the regression.
    A document that is left out of its cell's q moves the cell's Mq by M_rr of what it moves q.
    """
    import numpy as np
    import pandas as pd

    audit = cells.audits[at]
    if shape != "within":
        all_rows = np.arange(len(audit.share))
        return audit, basis_of(shape, audit.share, audit.share, np.ones(len(audit.share))), all_rows
    cell = pd.MultiIndex.from_arrays([design.entity, design.period - lag])
    first = ~cell.duplicated()  # rows of one cell that differ in other effects: the first stands for all
    where = pd.MultiIndex.from_arrays([cells.entity[at], cells.period[at]])
    place = cell[first].get_indexer(where)
    there = place >= 0
    row = np.flatnonzero(first)[place[there]]
    predicted = design.index[:, at]
    within, diagonal = projection.residuals(predicted)[row], projection.diagonal[row]
    chosen = dataclasses.replace(
        audit,
        share=audit.share[there],
        share_variance=audit.share_variance[there],
        called=audit.called[there],
        truth=audit.truth[there],
        count=audit.count[there],
        weight_in_cell=audit.weight_in_cell[there],
        document=audit.document[there],
    )
    within = within + diagonal * (chosen.share - predicted[row])
    return chosen, basis_of("within", chosen.share, within, diagonal), np.flatnonzero(there)


def refused_where_rejected(
    estimate: Estimate, shape: Shape, tests: Sequence[DriftTests], labels: Sequence[str]
) -> Estimate:
    """The estimate, or NaN with a finding where a test rejects what it assumes."""
    import numpy as np

    for test, label in zip(tests, labels, strict=True):
        if test.rejects("outcome"):
            finding = Finding(
                "W437",
                f"Refused: errors of the labels of {label} go with the outcome's residual (p = {_p(test, 'outcome')}). "
                "No error rates correct that.",
                "Use `design_based_regression`, which needs nothing of the classifier, or label more.",
            )
        elif drifts := [name for name in REFUSED_BY[shape] if test.rejects(name)]:
            finding = Finding(
                "W436",
                f"Refused: the error rates of {label} change {' and '.join(WHERE[name] for name in drifts)} "
                f"(p = {_p(test, drifts[0])}).",
                f"Read the estimate with smooth error rates{'' if drifts == ['share'] else ' within effects'}.",
            )
        else:
            continue
        unknown = np.full(len(estimate.names), np.nan)
        return dataclasses.replace(
            estimate,
            value=unknown,
            standard_error=unknown,
            covariance=np.diag(unknown),
            findings=(*estimate.findings, finding),
        )
    return estimate


def drift_findings(tests: Sequence[DriftTests], cells: ClassifiedCells) -> tuple[Finding, ...]:
    """What the tests of the error rates say about the whole, and what could not enter."""
    import numpy as np

    findings = []
    for test, label, audit in zip(tests, cells.labels, cells.audits, strict=True):
        for name, where in WHERE.items():
            if test.rejects(name):
                findings.append(
                    Finding("W435", f"The error rates of {label} change {where} (p = {_p(test, name)}).")
                )
        if not any(test.rejects(name) for name in test.names):
            findings.append(
                Finding(
                    "N433",
                    f"No drift of the error rates of {label} was found with {audit.count.sum():.0f} audited documents "
                    f"({audit.count[audit.truth].sum():.0f} positive); with so few, drift may go unseen.",
                )
            )
        missing = [name for name, p in zip(test.names, test.p_value, strict=True) if np.isnan(p)]
        if missing:
            findings.append(
                Finding(
                    "N434",
                    f"Drift of {label} with the {_list(missing)} could not be tested: too few labels or errors.",
                )
            )
    if cells.too_small:
        findings.append(
            Finding(
                "N435",
                f"Cells with one document ({cells.too_small}): their variance is undefined, they do not enter.",
            )
        )
    return tuple(findings)


def _p(test: DriftTests, name: str) -> str:
    value = float(test.adjusted[test.names.index(name)])
    return f"{value:.3f}" if value >= 0.001 else "below 0.001"


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
