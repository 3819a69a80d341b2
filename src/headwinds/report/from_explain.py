"""The growth part of a report, read from the study's `explain` stage."""

from __future__ import annotations

from pathlib import Path

from headwinds.report.content import GrowthFacts, RegressionFacts


def growth_facts(explain: Path) -> GrowthFacts | None:
    """The accounts and the slowdown; None where the stage did not make them."""
    from headwinds.study.stages.explain import read_growth

    return read_growth(explain)


def regression_facts(explain: Path) -> RegressionFacts | None:
    """The regressions; None where the stage did not make them."""
    from headwinds.study.stages.explain import read_regression

    return read_regression(explain)
