"""How much an index moves from one fit of the model to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.errors import EstimationError
from headwinds.measure.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator

LARGEST_RATIO = 0.5


def seed_spread(fits: Sequence[Indicator]) -> Diagnostic:
    """Standard deviation between fits of each row, beside its standard error within a fit.

    Raises
    ------
    EstimationError
        If there are fewer than two fits.
    """
    import numpy as np
    import pandas as pd

    if len(fits) < 2:
        raise EstimationError(
            "the spread between fits needs at least two of them.", remedy="Fit another seed."
        )
    values = np.array([fit.value for fit in fits])
    spread = values.std(axis=0, ddof=1)
    within = np.sqrt(np.mean([fit.variance for fit in fits], axis=0))
    first = fits[0]
    table = pd.DataFrame(
        {
            "name": [
                " ".join(map(str, (label, *cell)))
                for label, cell in zip(first.labels, first.cells, strict=True)
            ],
            "label": list(first.labels),
            "value": spread,
            "lower": np.nan,
            "upper": np.nan,
            "standard_error": within,
            "smallest": values.min(axis=0),
            "largest": values.max(axis=0),
        }
    )
    found = []
    for label, rows in table.groupby("label", sort=False):
        ratio = (
            float(np.nanmedian(rows["value"] / rows["standard_error"]))
            if rows["value"].notna().any()
            else 0.0
        )
        if ratio > LARGEST_RATIO:
            found.append(
                Finding(
                    "W348",
                    f"between {len(fits)} fits the index '{label}' moves by {ratio:.2f} of its standard error (median over "
                    "cells): which seed was drawn matters.",
                    "Use the mean of the fits, whose error takes this in.",
                )
            )
    return Diagnostic("seeds", "Standard deviation between fits of the model.", table, tuple(found))
