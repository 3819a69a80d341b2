"""A dynamic panel by difference or system GMM, with the tests that say whether to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.contracts.result import Result, number
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.dynamics.equations import Specification, make_moments
from headwinds.explain.dynamics.fewer_instruments import Chosen, choose_instruments
from headwinds.explain.dynamics.grid import Grid, make_grid
from headwinds.explain.dynamics.moment_estimator import MomentFit, fit_moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

TOO_GOOD = 0.99
"""A Hansen p above this says that instruments are too many for the test, not that they are valid (Roodman 2009)."""


@dataclass(frozen=True, slots=True)
class DynamicPanel(Result):
    """Coefficients of a dynamic panel, and its tests.

    Attributes
    ----------
    estimate
        The coefficients; of two steps with Windmeijer's (2005) errors, of one step with robust ones.
    instruments, entities
        How many (independent) of each.
    hansen
        (statistic, degrees of freedom, p) of the overidentifying restrictions.
    autocorrelation
        (z, p) of the differenced residuals' first and second order. The first is expected; the second speaks against
        instruments that lie two periods back.
    """

    estimate: Estimate
    instruments: int
    entities: int
    hansen: tuple[float, int, float]
    autocorrelation: tuple[tuple[float, float], ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a coefficient: `name`, `value`, `standard_error`, `lower`, `upper` (95%)."""
        return self.estimate.table

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to weigh."""
        return self.estimate.findings

    @property
    def tests(self) -> pd.DataFrame:
        """One row a test: `test`, `statistic`, `degrees_of_freedom` (NaN: normal), `p`."""
        import pandas as pd

        statistic, freedom, p = self.hansen
        rows: list[tuple[str, float, float, float]] = [("Hansen", statistic, float(freedom), p)]
        rows += [
            (f"AR({order})", z, float("nan"), p) for order, (z, p) in enumerate(self.autocorrelation, start=1)
        ]
        return pd.DataFrame(rows, columns=["test", "statistic", "degrees_of_freedom", "p"])

    def summary(self) -> str:
        """The estimate in words, then instruments and tests."""
        statistic, freedom, p = self.hansen
        (first, first_p), (second, second_p) = self.autocorrelation
        return "\n".join(
            [
                self.estimate.summary(),
                f"{self.instruments} instruments, {self.entities} entities.",
                f"Hansen test of the instruments: chi2({freedom}) = {number(statistic, 2)}, p = {number(p)}.",
                f"Autocorrelation of the differenced residuals: AR(1) z = {number(first, 2)}, p = {number(first_p)}; "
                f"AR(2) z = {number(second, 2)}, p = {number(second_p)}.",
            ]
        )

    def plot(self) -> Figure:
        """Coefficients with their 95% intervals; dummies and the constant are in the table."""
        from headwinds.drawing.intervals import draw_intervals

        shown = ~self.table["name"].str.match(r"period -?\d+$|constant$")
        return draw_intervals(self.table[shown].reset_index(drop=True), axis=self.estimate.units)


def dynamic_panel(
    data: pd.DataFrame,
    outcome: str,
    *,
    regressors: Sequence[str] = (),
    lags: int = 1,
    internal: Mapping[str, tuple[int, int | None]] | None = None,
    external: Sequence[str] | None = None,
    external_in_levels: bool = False,
    system: bool = False,
    steps: int = 2,
    collapse: bool | None = None,
    period_effects: bool = True,
) -> DynamicPanel:
    """Regress an outcome on its own past and on regressors, entity effects differenced away.

    Parameters
    ----------
    data
        Columns `entity`, `period` (whole numbers), and one a series.
    outcome
        Its column.
    regressors
        Columns that stand beside the lags of the outcome.
    lags
        How many lags of the outcome.
    internal
        By series, the first and last lag (None: all there are) whose levels instrument the differences. The outcome needs
        lags from 2; a regressor that past shocks may move from 1 (predetermined), one that the same shock may move from 2
        (endogenous). Default: the outcome from 2, all there are.
    external
        Series that instrument themselves (strictly exogenous). Default: the regressors without internal instruments.
    external_in_levels
        Let them instrument the system's levels too. That takes them for unrelated to what is constant in an entity, which
        regressors seldom are; `iv()` of xtabond2 does it unless told otherwise.
    system
        Add the equations in levels (Blundell, Bond 1998).
    steps
        1 or 2.
    collapse
        True: one instrument a lag, not one a period and lag (Roodman 2009). False: the full set, however many. None: the
        full set if it has no more instruments than entities, else one a lag, and of series whose last lag is None only the
        nearest lags that fit; what was done is a finding (N465, N466).
    period_effects
        A dummy for each period.

    Returns
    -------
    DynamicPanel
        Errors are clustered by entity.

    Raises
    ------
    DataError
        The panel is not a table of numbers by entity and period.
    SettingsError
        An argument that cannot be.
    EstimationError
        Too few entities or periods, a collinear regressor, too few instruments.
    """
    chosen = dict(internal) if internal is not None else {outcome: (2, None)}
    outside = tuple(external) if external is not None else tuple(x for x in regressors if x not in chosen)
    _check(outcome, regressors, lags, chosen, steps)
    specification = Specification(
        outcome=outcome,
        lags=lags,
        regressors=tuple(regressors),
        internal=chosen,
        external=outside,
        external_in_levels=external_in_levels,
        system=system,
        collapse=bool(collapse),
        period_effects=period_effects,
    )
    grid = make_grid(data, [outcome, *regressors, *chosen, *outside])
    if len(grid.periods) < lags + 2:
        raise EstimationError(
            f"The panel has {len(grid.periods)} periods; {lags} lags in differences need {lags + 2}.",
            remedy="Take fewer lags, or more periods.",
        )
    if collapse is None:
        taken = choose_instruments(grid, specification)
    else:
        taken = Chosen(specification, make_moments(grid, specification))
    return _result(grid, taken, fit_moments(taken.moments, steps), steps)


def _check(
    outcome: str,
    regressors: Sequence[str],
    lags: int,
    internal: Mapping[str, tuple[int, int | None]],
    steps: int,
) -> None:
    if lags < 1:
        raise SettingsError(f"lags is {lags}, expected at least 1.")
    if steps not in (1, 2):
        raise SettingsError(f"steps is {steps}, expected 1 or 2.")
    if outcome in regressors:
        raise SettingsError(
            f"The outcome {outcome!r} stands among the regressors.", remedy="Use lags for its past."
        )
    for name, (first, last) in internal.items():
        least = 2 if name == outcome else 1
        if first < least or (last is not None and last < first):
            raise SettingsError(
                f"The internal instruments of {name!r} are lags {first} to {last}, expected them to start at {least} "
                "or later and to end no sooner."
            )


def _result(
    grid: Grid,
    taken: Chosen,
    fit: MomentFit,
    steps: int,
) -> DynamicPanel:
    import numpy as np

    specification = taken.specification
    entities = fit.entities
    error = np.sqrt(np.maximum(np.diag(fit.covariance), 0.0))  # a corrected variance can come out below zero
    kind = "system" if specification.system else "difference"
    estimate = Estimate(
        names=taken.moments.names,
        value=fit.value,
        standard_error=np.where(error > 0, error, np.nan),
        covariance=fit.covariance,
        method=f"{'one' if steps == 1 else 'two'}-step {kind} GMM",
        estimand=(
            f"By how much {specification.outcome} is associated with its own past"
            + (f" and with {', '.join(specification.regressors)}" if specification.regressors else "")
            + f"; {entities} entities, {grid.periods[0]}-{grid.periods[-1]}."
        ),
        variation="changes from one period to the next, as far as earlier values foretell them.",
        absorbed=(
            "all that is constant in an entity"
            + (", and every movement common to all entities." if specification.period_effects else ".")
        ),
        units=f"{specification.outcome} per unit of the regressor",
        observations=sum(taken.moments.equations),
        clusters=entities,
        degrees_of_freedom=max(entities - 1, 1),
        findings=(*_fewer(taken, fit), *_findings(grid, specification, fit, steps)),
    )
    return DynamicPanel(estimate, fit.instruments, entities, fit.hansen, fit.autocorrelation)


def _fewer(taken: Chosen, fit: MomentFit) -> list[Finding]:
    """What was taken where the full set would have had more instruments than entities."""
    if taken.full is None:
        return []
    remedy = "Set collapse to false for the full set."
    if taken.lags is None:
        return [
            Finding(
                "N465",
                f"A full set would have {taken.full} instruments for {fit.entities} entities: one a lag is taken instead of "
                f"one a period and lag, {fit.instruments} in all.",
                remedy,
            )
        ]
    return [
        Finding(
            "N466",
            f"A full set would have {taken.full} instruments for {fit.entities} entities: one a lag is taken instead of one "
            f"a period and lag, and of lags without an end the nearest {taken.lags}, {fit.instruments} in all.",
            remedy,
        )
    ]


def _findings(grid: Grid, specification: Specification, fit: MomentFit, steps: int) -> list[Finding]:
    found = []
    if fit.instruments > fit.entities and steps == 1:
        found.append(
            Finding(
                "W461",
                f"{fit.instruments} instruments for {fit.entities} entities: estimates lean to least squares, and the "
                "Hansen test says little.",
                "Collapse the instruments, or allow fewer lags.",
            )
        )
    elif fit.instruments > fit.entities:
        # Of 253 for 40 the mean of two-step estimates of 0.5 is -0.3 in simulation, that of one-step ones 0.46.
        found.append(
            Finding(
                "W461",
                f"{fit.instruments} instruments for {fit.entities} entities: the second step's weights are not determined, "
                "its estimates and errors can lie anywhere, and the Hansen test says little.",
                "Collapse the instruments, allow fewer lags, or take one step.",
            )
        )
    p, second = fit.hansen[2], fit.autocorrelation[1][1]
    if p < 0.05:
        found.append(
            Finding(
                "W462", f"The Hansen test rejects the instruments (p = {p:.3f}).", "Start them at later lags."
            )
        )
    elif p > TOO_GOOD:
        found.append(
            Finding(
                "W463",
                f"The Hansen test's p of {p:.3f} is too good: it is blunted by its instruments.",
                "Collapse the instruments, or allow fewer lags.",
            )
        )
    if second < 0.05:
        found.append(
            Finding(
                "W464",
                f"The differenced residuals are autocorrelated at order 2 (p = {second:.3f}): instruments two periods back "
                "are not valid.",
                "Add a lag of the outcome, or start the instruments at lag 3.",
            )
        )
    if second != second:
        found.append(Finding("N461", "Too few periods in a row for the test of autocorrelation at order 2."))
    if grid.gaps:
        found.append(
            Finding(
                "N462",
                f"Entities with gaps in time ({grid.gaps}): an equation that would reach over one is left out.",
            )
        )
    if specification.system:
        found.append(
            Finding(
                "N463",
                "The equations in levels are valid only where changes are unrelated to the entities' own level, which no "
                "test of ours shows.",
            )
        )
    if specification.system and specification.external_in_levels and specification.external:
        found.append(
            Finding(
                "W465",
                f"{', '.join(specification.external)} instruments the levels: valid only if unrelated to what is "
                "constant in an entity.",
                "Set external_in_levels to false unless you know it.",
            )
        )
    return found
