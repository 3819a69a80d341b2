"""The scenarios: what the world is like, which cells are measured, and whose assumptions hold there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwinds.measure.registry import CONSTANT_ERROR
from measure.worlds import YEARS, World, flat, rising, scattered

DESIGN = ("labelled-only", "prediction-powered", "difference", "small-area")
THIN = ("labelled-only", "difference", "small-area")
RATES = (
    "adjusted-count",
    "probabilistic-adjusted-count",
    "expectation-maximisation",
    "kernel-density",
    "bayesian",
)
WHOLE = ("classify-and-count", *DESIGN, *RATES)
BINARY = (*WHOLE, "error-curve")
assert set(RATES) == set(CONSTANT_ERROR)


@dataclass(frozen=True)
class Scenario:
    """One block of the table.

    Attributes
    ----------
    letter, name
        As in the table.
    by
        Keys of the cells.
    estimators
        Which ones run, besides the default.
    holds
        Those whose assumptions hold. A constant error is the simplest of error curves; where only the error moves, the
        predicted share moves with it and the rates are (about) lines in it.
    """

    letter: str
    name: str
    world: World
    by: tuple[str, ...]
    estimators: tuple[str, ...] = BINARY
    holds: tuple[str, ...] = (*DESIGN, *RATES, "error-curve")

    @property
    def pooled(self) -> bool:
        """Whether cells are so thin that the difference estimator borrows."""
        return len(self.by) > 1


def drift_linear(year, group, country, share):
    """The classifier gets more generous year by year."""
    return 1.2 * (year / (YEARS - 1) - 0.5)


def drift_step(year, group, country, share):
    """A new model from the sixth year on."""
    return 1.0 * (year >= YEARS // 2)


def drift_group(year, group, country, share):
    """It is generous to some groups of countries and strict with others."""
    return np.array([-0.6, -0.2, 0.2, 0.6])[group]


def drift_cells(year, group, country, share):
    """It errs differently in every country and year."""
    return 0.8 * np.sin(7.0 * country + year)


def drift_share(year, group, country, share):
    """It errs more towards a label the more there is of it."""
    return 2.0 * (share - 0.3)


CURVED = (*DESIGN, "error-curve")
SCENARIOS = (
    Scenario("a", "constant error, whole corpus", World(flat(0.3)), (), estimators=WHOLE),
    Scenario("a", "constant error, by year", World(flat(0.3)), ("year",)),
    Scenario("b", "error drifts linearly, by year", World(flat(0.3), drift_linear), ("year",), holds=CURVED),
    Scenario("b", "error drifts by a step, by year", World(flat(0.3), drift_step), ("year",), holds=CURVED),
    Scenario("b", "error differs by group", World(flat(0.3), drift_group), ("group",), holds=CURVED),
    Scenario(
        "b",
        "error moves with the share, by year",
        World(rising(0.15, 0.45), drift_share),
        ("year",),
        holds=CURVED,
    ),
    Scenario("c", "label shift, by year", World(rising(0.1, 0.5)), ("year",)),
    Scenario(
        "d",
        "active sampling, whole corpus",
        World(flat(0.3), design="active"),
        (),
        estimators=tuple(name for name in WHOLE if name != "kernel-density"),
    ),
    Scenario(
        "d",
        "active sampling, by group",
        World(flat(0.3), design="active"),
        ("group",),
        estimators=tuple(name for name in BINARY if name != "kernel-density"),
    ),
    Scenario(
        "e",
        "200 thin cells, constant error",
        World(scattered(0.3, 0.08, 0.08)),
        ("country", "year"),
        estimators=("classify-and-count", *THIN, *RATES[:3]),
        holds=(*THIN, *RATES[:3]),
    ),
    Scenario(
        "e",
        "200 thin cells, errors that differ",
        World(scattered(0.3, 0.08, 0.08), drift_cells),
        ("country", "year"),
        estimators=("classify-and-count", *THIN, *RATES[:3]),
        holds=THIN,
    ),
    Scenario(
        "f",
        "documents drawn whole, whole corpus",
        World(flat(0.3), document_effect=1.0, design="documents"),
        (),
        estimators=WHOLE,
        holds=(*DESIGN, *RATES[:4]),
    ),
    Scenario(
        "f",
        "documents drawn whole, by group",
        World(flat(0.3), document_effect=1.0, design="documents", gold=800),
        ("group",),
        holds=(*DESIGN, *RATES[:4], "error-curve"),
    ),
    Scenario(
        "g",
        "three classes, by year",
        World(flat(0.3), kind="multi-class"),
        ("year",),
        estimators=("classify-and-count", *DESIGN, *RATES[:3]),
        holds=(*DESIGN, *RATES[:3]),
    ),
    Scenario(
        "h",
        "graded labels, by year",
        World(flat(0.3), kind="score"),
        ("year",),
        estimators=("classify-and-count", *DESIGN),
        holds=DESIGN,
    ),
)
