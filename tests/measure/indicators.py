"""Indicators made by chance, for tests of their algebra."""

from __future__ import annotations

import numpy as np

from headwinds.contracts.finding import Finding
from headwinds.contracts.indicator import Indicator


def make_indicator(
    *,
    countries: int = 4,
    years: int = 5,
    labels: int = 2,
    audit: int = 3,
    model: int = 0,
    berkson: bool = True,
    seed: int = 0,
    symmetric: bool = True,
    missing: tuple[int, ...] = (),
    noise: float = 1.0,
) -> Indicator:
    rng = np.random.default_rng(seed)
    cells = tuple((f"C{country}", 2000 + year) for country in range(countries) for year in range(years))
    rows = labels * len(cells)
    value = rng.uniform(0.1, 0.4, rows)
    sampling = noise**2 * rng.uniform(1e-5, 4e-4, rows)
    factor = noise * rng.normal(0, 0.01, (rows, audit))
    fits = noise * rng.normal(0, 0.005, (rows, model)) if model else None
    total = sampling + (factor**2).sum(axis=1) + (0 if fits is None else (fits**2).sum(axis=1))
    skew = np.ones(rows) if symmetric else rng.uniform(0.7, 1.4, rows)
    reach = 1.959963984540054 * np.sqrt(total)
    lower, upper = value - reach * skew, value + reach / skew
    for row in missing:
        value[row] = sampling[row] = lower[row] = upper[row] = np.nan
    return Indicator(
        keys=("country", "year"),
        cells=cells * labels,
        labels=tuple(f"label {label}" for label in range(labels) for _ in cells),
        value=value,
        sampling_variance=sampling,
        audit_factor=factor,
        lower=lower,
        upper=upper,
        documents=rng.integers(2, 9, rows),
        passages=rng.integers(10, 99, rows),
        gold=rng.integers(0, 50, rows),
        pooled=tuple(rng.choice(["", "period", "corpus"], rows).tolist()),
        method="difference",
        findings=(Finding("N303", "Some cells borrow."),),
        provenance={"scores": "abc"},
        berkson_variance=sampling * rng.uniform(0, 1, rows) if berkson else None,
        model_factor=fits,
    )
