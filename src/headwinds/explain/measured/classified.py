"""Cells counted by a classifier, and the documents of them that were audited: what comes in, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Indicator
from headwinds.errors import DataError, MismatchError
from headwinds.explain.measured.error_rates import Audit

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SHARES = ("entity", "period", "predicted", "documents")
AUDITED = ("entity", "period", "predicted", "true")


@dataclass(frozen=True, slots=True)
class ClassifiedCells:
    """Predicted shares by cell with the audit of one or more labels.

    Attributes
    ----------
    predicted
        The predicted shares as an Indicator whose sampling variance is q (1 - q) / (n - 1), which is right on average.
    audits
        One a label, in the order of `labels`.
    entity, period
        One array a label, shape (audit rows,): where each audited document stands.
    labels
        Names.
    too_small
        Cells with a single document, whose variance is undefined; they cannot enter.
    """

    predicted: Indicator
    audits: tuple[Audit, ...]
    entity: tuple[NDArray[np.str_], ...]
    period: tuple[NDArray[np.int64], ...]
    labels: tuple[str, ...]
    too_small: int


def classified_cells(
    shares: pd.DataFrame, audit: pd.DataFrame, *, audit_is_inside: bool = True
) -> ClassifiedCells:
    """Check two tables and put them together.

    Parameters
    ----------
    shares
        One row a cell (and label): `entity`, `period`, `predicted` (share that the classifier calls positive), `documents`
        (how many it read there); `label` where there are several.
    audit
        One row an audited document, drawn at random within its cell: `entity`, `period`, `predicted` and `true` (0 or 1);
        `label`; `count` where a row stands for several; `document` to tell that rows of several labels are one document.
    audit_is_inside
        Whether the audited documents are among those that `documents` counts.

    Raises
    ------
    DataError
        A column is missing, a share is outside [0, 1], a call is not 0 or 1, a cell stands twice.
    MismatchError
        An audited document's cell has no predicted share.
    """
    import numpy as np

    shares, audit = _checked(shares, SHARES, "shares"), _checked(audit, AUDITED, "audit")
    for name, limits in (("predicted", (0, 1)), ("documents", (1, np.inf))):
        value = shares[name].to_numpy(dtype=float)
        bad = ~((value >= limits[0]) & (value <= limits[1]))
        if bad.any():
            row = shares.iloc[int(np.argmax(bad))]
            expected = "a share in [0, 1]" if name == "predicted" else "1 or more"
            raise DataError(
                f"shares, {row['entity']} {row['period']}: {name} is {row[name]}, expected {expected}."
            )
    for name in ("predicted", "true"):
        bad = ~audit[name].isin([0, 1])
        if bad.any():
            row = audit[bad].iloc[0]
            raise DataError(
                f"audit, {row['entity']} {row['period']}: {name} is {row[name]}, expected 0 or 1."
            )
    twice = shares.duplicated(["label", "entity", "period"])
    if twice.any():
        row = shares[twice].iloc[0]
        raise DataError(f"shares: {row['entity']} {row['period']} stands twice for {row['label']!r}.")
    labels = tuple(dict.fromkeys(shares["label"]))
    unknown = [name for name in dict.fromkeys(audit["label"]) if name not in labels]
    if unknown:
        raise MismatchError(f"The audit has the label {unknown[0]!r}; the shares have {', '.join(labels)}.")
    parts = [_audit_of(shares, audit, label, audit_is_inside) for label in labels]
    indicator = _predicted(shares, labels)
    return ClassifiedCells(
        predicted=indicator,
        audits=tuple(part[0] for part in parts),
        entity=tuple(part[1] for part in parts),
        period=tuple(part[2] for part in parts),
        labels=labels,
        too_small=int((shares["documents"] < 2).sum()),
    )


def _checked(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> pd.DataFrame:
    """The columns in the types that they need; `label`, `count` and `document` filled in where they are not there."""
    import numpy as np
    import pandas as pd

    missing = [column for column in columns if column not in frame]
    if missing:
        raise DataError(f"{name}: no column {missing[0]!r}; the columns are {', '.join(map(str, frame))}.")
    frame = frame.reset_index(drop=True)
    filled = {"label": "label", "count": 1.0, "document": np.arange(len(frame))}
    frame = frame.assign(**{column: value for column, value in filled.items() if column not in frame})
    _, document = np.unique(frame["document"].to_numpy(), return_inverse=True)
    frame = frame.assign(document=document)
    period = pd.to_numeric(frame["period"], errors="coerce")
    if period.isna().any() or (period % 1 != 0).any():
        bad = frame["period"][period.isna() | (period % 1 != 0)].iloc[0]
        raise DataError(f"{name}: {bad!r} is no whole period.")
    return frame.assign(
        period=period.astype(np.int64), entity=frame["entity"].astype(str), label=frame["label"].astype(str)
    )


def _audit_of(
    shares: pd.DataFrame, audit: pd.DataFrame, label: str, inside: bool
) -> tuple[Audit, NDArray[np.str_], NDArray[np.int64]]:
    import numpy as np

    own = audit[audit["label"] == label]
    if own.empty:
        raise MismatchError(f"No audited document for the label {label!r}.", remedy="Label some.")
    cells = shares.loc[shares["label"] == label, ["entity", "period", "predicted", "documents"]]
    found = own.merge(
        cells.rename(columns={"predicted": "share"}),
        on=["entity", "period"],
        how="left",
        validate="many_to_one",
    )
    if found["share"].isna().any():
        row = found[found["share"].isna()].iloc[0]
        raise MismatchError(f"Audited documents of {row['entity']} {row['period']} have no predicted share.")
    count = found["documents"].to_numpy(dtype=float)
    usable = count > 2 if inside else count > 1
    found, count = found[usable], count[usable]
    share, called = found["share"].to_numpy(dtype=float), found["predicted"].to_numpy(dtype=float)
    if inside:
        share, count = (count * share - called) / (count - 1), count - 1
    share = np.clip(share, 0.0, 1.0)
    built = Audit(
        share=share,
        share_variance=share * (1 - share) / (count - 1),
        called=called == 1,
        truth=found["true"].to_numpy() == 1,
        count=found["count"].to_numpy(dtype=float),
        weight_in_cell=1 / (count + 1) if inside else np.zeros_like(count),
        document=found["document"].to_numpy(dtype=np.int64),
    )
    return built, found["entity"].to_numpy(dtype=str), found["period"].to_numpy(dtype=np.int64)


def _predicted(shares: pd.DataFrame, labels: tuple[str, ...]) -> Indicator:
    import numpy as np

    order = shares.assign(order=shares["label"].map({name: at for at, name in enumerate(labels)}))
    shares = order.sort_values(["order", "entity", "period"], kind="stable")
    value, count = shares["predicted"].to_numpy(dtype=float), shares["documents"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(count > 1, value * (1 - value) / (count - 1), np.nan)
    rows = len(shares)
    nothing = np.full(rows, np.nan)
    return Indicator(
        keys=("entity", "period"),
        cells=tuple(zip(shares["entity"].tolist(), shares["period"].tolist(), strict=True)),
        labels=tuple(shares["label"]),
        value=value,
        sampling_variance=variance,
        audit_factor=np.zeros((rows, 0)),
        lower=nothing,
        upper=nothing,
        documents=count.astype(np.int64),
        passages=count.astype(np.int64),
        gold=np.zeros(rows, dtype=np.int64),
        pooled=("",) * rows,
        method="classify-and-count",
    )
