"""One analysis of one panel, whoever asks: the command line, Python and the server all call these functions.

Each takes a panel in memory and its settings by the names that the doors give them, and returns the result object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

from headwinds.errors import SettingsError
from headwinds.study.growth_files import chosen_entities

if TYPE_CHECKING:
    import pandas as pd

    from headwinds.contracts import Graph, Indicator, Panel
    from headwinds.contracts.result import Result
    from headwinds.explain.attribution.design import Channel
    from headwinds.explain.attribution.slowdown import SlowdownAttribution
    from headwinds.explain.breaks import Breaks, CommonBreaks
    from headwinds.explain.dynamics.projections import Errors, Response
    from headwinds.explain.dynamics.responses import Responses

Growing = TypeVar("Growing", "Breaks", "CommonBreaks", "Responses", "SlowdownAttribution")
Test = Literal["beta", "sigma", "log-t", "clubs"]
TESTS: tuple[Test, ...] = ("beta", "sigma", "log-t", "clubs")
NO_REGIONS = "none"
MEASURES = ("gini", "theil", "cv", "absolute_gini", "mean")


def breaks_of(
    panel: Panel,
    series: str,
    *,
    entities: Sequence[str] = ("all",),
    growth: bool = False,
    first: int | None = None,
    last: int | None = None,
    most: int = 3,
    number: int | None = None,
    trimming: float = 0.15,
    hac: bool = True,
    draws: int | None = None,
    seed: int = 0,
) -> Result:
    """When the mean of a series changed: `find_breaks` of one entity, `find_common_breaks` of several.

    `growth` takes the series' annual growth, in % (logs). `first` and `last` bound the years;
    `draws` are those of the simulated null distribution (None: as many as the function takes).
    """
    from headwinds.explain import find_breaks, find_common_breaks
    from headwinds.explain.breaks import common_breaks, find

    rows = _values(only(panel, entities), series, growth=growth)
    rows = _years(rows, first, last).dropna(subset=["value"]).reset_index(drop=True)
    if rows.empty:
        raise SettingsError(
            f"No entity has {series} in these years.", remedy="Widen the years, or fill the empty column."
        )
    words = f"growth of {series}, % a year" if growth else series
    if rows["entity"].nunique() > 1:
        common = find_common_breaks(
            rows, most=most, number=number, trimming=trimming, hac=hac,
            draws=common_breaks.DRAWS if draws is None else draws, seed=seed, outcome_words=words,
        )  # fmt: skip
        return _with_growth_told(common, panel, series, growth)
    found = find_breaks(
        rows["value"].to_numpy(), periods=rows["period"].tolist(), most=most, number=number, trimming=trimming,
        hac=hac, draws=find.DRAWS if draws is None else draws, seed=seed, outcome_words=words,
    )  # fmt: skip
    return _with_growth_told(found, panel, series, growth)


def divide_of(
    panel: Panel,
    series: str,
    *,
    entities: Sequence[str] = ("all",),
    measures: Sequence[str] = MEASURES,
    weights: str | None = None,
    regions: str = "sdg_region",
    first: int | None = None,
    last: int | None = None,
    bound: float | None = None,
    balanced: bool = False,
    bridge: int = 0,
    draws: int = 500,
    seed: int = 0,
) -> Result:
    """How unequal the adoption of something is over entities: `divide`. `regions` is a scheme of countries, or "none"."""
    from headwinds.explain import divide

    return divide(
        only(panel, entities), series, measures=tuple(measures), weights=weights,  # type: ignore[arg-type]
        regions=None if regions == NO_REGIONS else regions, first=first, last=last, bound=bound,  # type: ignore[arg-type]
        balanced=balanced, bridge=bridge, draws=draws, seed=seed,
    )  # fmt: skip


def convergence_of(
    panel: Panel,
    series: str,
    *,
    first: int,
    last: int,
    entities: Sequence[str] = ("all",),
    test: str = "beta",
    growth: str | None = None,
    per: str | None = None,
    conditions: Sequence[str] = (),
) -> Result:
    """Whether entities come together: `test` is "beta", "sigma", "log-t" or "clubs".

    `growth` (the series whose growth is taken, if it is not that of the level) and `conditions` belong to "beta".
    """
    from headwinds.explain import beta_convergence, convergence_clubs, log_t_test, sigma_convergence

    if test not in TESTS:
        raise SettingsError(f"test is {test!r}, expected one of {', '.join(TESTS)}.")
    if test != "beta" and (growth or conditions):
        raise SettingsError(f"growth and conditions belong to the test 'beta', not to {test!r}.")
    table = only(panel, entities)
    if test == "beta":
        return beta_convergence(
            table, level=series, growth=growth, per=per, first=first, last=last, conditions=tuple(conditions)
        )
    if test == "sigma":
        return sigma_convergence(table, level=series, per=per, first=first, last=last)
    run = log_t_test if test == "log-t" else convergence_clubs
    found: Result = run(table, series=series, per=per, first=first, last=last)
    return found


def responses_of(
    panel: Panel,
    outcome: str,
    *,
    shock: str | None = None,
    index: Indicator | None = None,
    label: str = "",
    entities: Sequence[str] = ("all",),
    growth: bool = False,
    horizons: int = 5,
    response: Response = "value",
    lags: int | None = None,
    controls: Sequence[str] = (),
    errors: Errors | None = None,
    period_effects: bool = True,
    half_panel: bool = False,
) -> Responses:
    """How the outcome moves in the years after a shock: `local_projections`.

    The shock is a series of the panel, or an index with its error. `growth` takes the outcome's annual growth, in %.
    """
    from headwinds.explain import local_projections

    one_shock(shock, index)
    table = only(panel, entities)
    data = table.data.copy()
    _values(table, outcome, growth=False)
    for name in (*([shock] if shock else []), *controls):
        _values(table, name, growth=False)
    if outcome == shock:
        raise SettingsError(f"The outcome {outcome!r} is its own shock.", remedy="Name another column.")
    # A column of its own: the level may be a control of its growth, and words must not take one for the other.
    words = f"growth of {outcome} in % a year" if growth else outcome
    data[words] = _values(table, outcome, growth=growth)["value"]
    found = local_projections(
        data, words, shock if index is None else index, horizons=horizons, response=response,  # type: ignore[arg-type]
        lags=lags, controls=tuple(controls), errors=errors, period_effects=period_effects, half_panel=half_panel,
        label=label,
    )  # fmt: skip
    return _with_growth_told(found, table, outcome, growth)


def one_shock(shock: str | None, index: object | None) -> None:
    """Refuse two shocks, and none.

    Raises
    ------
    SettingsError
        Both are named, or neither.
    """
    if (shock is None) == (index is None):
        raise SettingsError("Name either shock (a series of the panel) or index (a measured one), not both.")


def attribution_of(
    panel: Panel,
    outcome: str,
    index: Indicator,
    *,
    before: tuple[int, int],
    after: tuple[int, int],
    entities: Sequence[str] = ("all",),
    growth: bool = False,
    graph: Graph | None = None,
    technology: str | None = None,
    channel: Channel | None = None,
    lag: int | None = None,
    controls: Sequence[str] = (),
    assumed: float | None = None,
    acknowledge: bool = False,
    persistent: bool = True,
    half_panel: bool = False,
    draws: int = 499,
    seed: int = 0,
) -> SlowdownAttribution:
    """How much of a slowdown goes with which headwind, power first: `attribute_slowdown`.

    The outcome is growth in % a year; `growth` takes it of a level. `technology` is a series of the panel or a label of the
    index.
    """
    from headwinds.explain import attribute_slowdown

    table = only(panel, entities)
    known = technology is not None and technology in table.series
    found = attribute_slowdown(
        _values(table, outcome, growth=growth), index, before=before, after=after,
        graph=graph, technology=_values(table, str(technology), growth=False) if known else technology,
        channel=channel, lag=lag, controls={name: _values(table, name, growth=False) for name in controls},
        assumed=assumed, acknowledge=acknowledge, persistent=persistent, half_panel=half_panel, draws=draws, seed=seed,
        outcome_words=f"growth of {outcome}" if growth else outcome,
    )  # fmt: skip
    return _with_growth_told(found, table, outcome, growth)


def only(panel: Panel, entities: Sequence[str]) -> Panel:
    """The panel of some entities: codes, or "all", or "OECD"."""
    if tuple(entities) == ("all",):
        return panel
    kept = panel.data["entity"].isin(chosen_entities(tuple(entities), panel))
    if not kept.any():
        there = [str(name) for name in panel.data["entity"].unique()]
        raise SettingsError(
            f"The panel has no entity of {', '.join(entities)}; it has {len(there)}, from {there[0]} to {there[-1]}.",
            remedy="Name entities as the file does; groups know countries by ISO 3166-1 alpha-3 codes.",
        )
    return type(panel)(
        data=panel.data[kept].reset_index(drop=True), series=panel.series, findings=panel.findings
    )


def _values(panel: Panel, series: str, *, growth: bool) -> pd.DataFrame:
    from headwinds.explain.panel_data import log_growth, require_series

    require_series(panel, [series])
    rows = panel.data[["entity", "period"]].copy()
    rows["value"] = log_growth(panel, series) if growth else panel.data[series].to_numpy(dtype=float)
    return rows


def _with_growth_told(found: Growing, panel: Panel, series: str, growth: bool) -> Growing:
    """With a finding (W429) where growth was taken of a series made for comparing levels."""
    from headwinds.explain.panel_data import level_growth

    return replace(found, findings=(*found.findings, *level_growth(panel, [series] if growth else [])))


def _years(rows: pd.DataFrame, first: int | None, last: int | None) -> pd.DataFrame:
    if first is not None and last is not None and first >= last:
        raise SettingsError(f"first is {first} and last is {last}, expected a later year for last.")
    inside = rows["period"] >= (rows["period"].min() if first is None else first)
    inside &= rows["period"] <= (rows["period"].max() if last is None else last)
    return rows[inside]
