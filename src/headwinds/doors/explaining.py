"""Single analyses of a panel file in Python, as `headwinds explain breaks`, `divide`, ... make them: results and files.

Each takes a panel file (a Penn World Table, or a table with one row an entity and year) and gives what the function of
`headwinds.explain` gives. With `output` it also writes the table as CSV and table and words as HTML into that folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

    from headwinds.contracts import Graph, Panel
    from headwinds.contracts.result import Result
    from headwinds.explain.attribution.design import Channel
    from headwinds.explain.attribution.slowdown import SlowdownAttribution
    from headwinds.explain.dynamics.projections import Errors, Response
    from headwinds.explain.dynamics.responses import Responses
    from headwinds.explain.graph.identify import Identification

PathLike = str | Path
TESTS = ("beta", "sigma", "log-t", "clubs")
NO_REGIONS = "none"
MEASURES = ("gini", "theil", "cv", "absolute_gini", "mean")


def explain_breaks(
    panel: PathLike,
    series: str,
    *,
    entity: str = "entity",
    period: str = "period",
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
    output: PathLike | None = None,
) -> Result:
    """When the mean of a series changed: `find_breaks` of one entity, `find_common_breaks` of several.

    `growth` takes the series' annual growth, in % (logs). `first` and `last` bound the years;
    `draws` are those of the simulated null distribution (None: as many as the function takes).
    """
    from headwinds.explain import find_breaks, find_common_breaks
    from headwinds.explain.breaks import common_breaks, find

    rows = _values(_read(panel, entity, period, entities), series, growth=growth)
    rows = _years(rows, first, last).dropna(subset=["value"]).reset_index(drop=True)
    if rows.empty:
        raise SettingsError(f"No entity has {series} in these years.", remedy="Widen the years.")
    found: Result
    if rows["entity"].nunique() > 1:
        found = find_common_breaks(
            rows, most=most, number=number, trimming=trimming, hac=hac,
            draws=common_breaks.DRAWS if draws is None else draws, seed=seed,
        )  # fmt: skip
    else:
        found = find_breaks(
            rows["value"].to_numpy(), periods=rows["period"].tolist(), most=most, number=number, trimming=trimming,
            hac=hac, draws=find.DRAWS if draws is None else draws, seed=seed,
        )  # fmt: skip
    return _kept(found, output, "breaks")


def explain_divide(
    panel: PathLike,
    series: str,
    *,
    entity: str = "entity",
    period: str = "period",
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
    output: PathLike | None = None,
) -> Result:
    """How unequal the adoption of something is over entities: `divide`. `regions` is a scheme of countries, or "none"."""
    from headwinds.explain import divide

    found = divide(
        _read(panel, entity, period, entities), series, measures=tuple(measures), weights=weights,  # type: ignore[arg-type]
        regions=None if regions == NO_REGIONS else regions, first=first, last=last, bound=bound,  # type: ignore[arg-type]
        balanced=balanced, bridge=bridge, draws=draws, seed=seed,
    )  # fmt: skip
    return _kept(found, output, "divide")


def explain_convergence(
    panel: PathLike,
    series: str,
    *,
    first: int,
    last: int,
    entity: str = "entity",
    period: str = "period",
    entities: Sequence[str] = ("all",),
    test: str = "beta",
    growth: str | None = None,
    per: str | None = None,
    conditions: Sequence[str] = (),
    output: PathLike | None = None,
) -> Result:
    """Whether entities come together: `test` is "beta", "sigma", "log-t" or "clubs".

    `growth` (the series whose growth is taken, if it is not that of the level) and `conditions` belong to "beta".
    """
    from headwinds.explain import beta_convergence, convergence_clubs, log_t_test, sigma_convergence

    if test not in TESTS:
        raise SettingsError(f"test is {test!r}, expected one of {', '.join(TESTS)}.")
    if test != "beta" and (growth or conditions):
        raise SettingsError(f"growth and conditions belong to the test 'beta', not to {test!r}.")
    table = _read(panel, entity, period, entities)
    found: Result
    if test == "beta":
        found = beta_convergence(
            table, level=series, growth=growth, per=per, first=first, last=last, conditions=tuple(conditions)
        )
    elif test == "sigma":
        found = sigma_convergence(table, level=series, per=per, first=first, last=last)
    else:
        run = log_t_test if test == "log-t" else convergence_clubs
        found = run(table, series=series, per=per, first=first, last=last)
    return _kept(found, output, "convergence")


def explain_responses(
    panel: PathLike,
    outcome: str,
    *,
    shock: str | None = None,
    index: PathLike | None = None,
    label: str = "",
    entity: str = "entity",
    period: str = "period",
    entities: Sequence[str] = ("all",),
    growth: bool = False,
    horizons: int = 5,
    response: Response = "value",
    lags: int | None = None,
    controls: Sequence[str] = (),
    errors: Errors | None = None,
    period_effects: bool = True,
    output: PathLike | None = None,
) -> Responses:
    """How the outcome moves in the years after a shock: `local_projections`.

    The shock is a series of the panel, or an index with its error from a folder that `measure` wrote. `growth` takes the
    outcome's annual growth, in %.
    """
    from headwinds.explain import local_projections
    from headwinds.measure.indicator_store import read_indicator

    if (shock is None) == (index is None):
        raise SettingsError("Name either shock (a series of the panel) or index (a folder), not both.")
    table = _read(panel, entity, period, entities)
    data = table.data.copy()
    _values(table, outcome, growth=False)
    for name in (*([shock] if shock else []), *controls):
        _values(table, name, growth=False)
    data[outcome] = _values(table, outcome, growth=growth)["value"]
    found = local_projections(
        data, outcome, shock if shock else read_indicator(Path(str(index))), horizons=horizons, response=response,
        lags=lags, controls=tuple(controls), errors=errors, period_effects=period_effects, label=label,
    )  # fmt: skip
    _kept(found, output, "responses")
    return found


def explain_attribution(
    panel: PathLike,
    outcome: str,
    index: PathLike,
    *,
    before: tuple[int, int],
    after: tuple[int, int],
    entity: str = "entity",
    period: str = "period",
    entities: Sequence[str] = ("all",),
    growth: bool = False,
    graph: PathLike | None = None,
    technology: str | None = None,
    channel: Channel | None = None,
    lag: int | None = None,
    controls: Sequence[str] = (),
    assumed: float | None = None,
    acknowledge: bool = False,
    draws: int = 499,
    seed: int = 0,
    output: PathLike | None = None,
) -> SlowdownAttribution:
    """How much of a slowdown goes with which headwind, power first: `attribute_slowdown`.

    The outcome is growth in % a year; `growth` takes it of a level. `technology` is a series of the panel or a label of the
    index. All tables of the result are written, one file each.
    """
    from headwinds.explain import attribute_slowdown
    from headwinds.measure.indicator_store import read_indicator

    table = _read(panel, entity, period, entities)
    known = technology is not None and technology in table.series
    found = attribute_slowdown(
        _values(table, outcome, growth=growth), read_indicator(Path(index)), before=before, after=after,
        graph=_graph(graph), technology=_values(table, str(technology), growth=False) if known else technology,
        channel=channel, lag=lag, controls={name: _values(table, name, growth=False) for name in controls},
        assumed=assumed, acknowledge=acknowledge, draws=draws, seed=seed,
        outcome_words=f"growth of {outcome}" if growth else outcome,
    )  # fmt: skip
    _kept(found, output, "attribution", found.tables())
    return found


def explain_graph(
    graph: PathLike | None = None,
    *,
    hidden: Sequence[tuple[str, str]] = (),
    output: PathLike | None = None,
) -> Identification:
    """What a causal graph (TOML; None for the founding essay's) lets data say: `identify`."""
    from headwinds.explain import essay_graph, identify

    found = identify(_graph(graph) or essay_graph(), hidden=tuple(hidden))
    _kept(found, output, "graph")
    return found


def _graph(path: PathLike | None) -> Graph | None:
    from headwinds.explain import read_graph

    return None if path is None else read_graph(path)


def _read(path: PathLike, entity: str, period: str, entities: Sequence[str]) -> Panel:
    from headwinds.study.growth_files import GrowthFile, chosen_entities, read_growth_panel

    panel = read_growth_panel(GrowthFile(Path(path), entity=entity, period=period))
    if tuple(entities) == ("all",):
        return panel
    kept = panel.data["entity"].isin(chosen_entities(tuple(entities), panel))
    return type(panel)(data=panel.data[kept].reset_index(drop=True), series=panel.series)


def _values(panel: Panel, series: str, *, growth: bool) -> pd.DataFrame:
    from headwinds.explain.panel_data import log_growth, require_series

    require_series(panel, [series])
    rows = panel.data[["entity", "period"]].copy()
    rows["value"] = log_growth(panel, series) if growth else panel.data[series].to_numpy(dtype=float)
    return rows


def _years(rows: pd.DataFrame, first: int | None, last: int | None) -> pd.DataFrame:
    if first is not None and last is not None and first >= last:
        raise SettingsError(f"first is {first} and last is {last}, expected a later year for last.")
    inside = rows["period"] >= (rows["period"].min() if first is None else first)
    inside &= rows["period"] <= (rows["period"].max() if last is None else last)
    return rows[inside]


def _kept(
    found: Result, output: PathLike | None, name: str, tables: dict[str, pd.DataFrame] | None = None
) -> Result:
    """The result; written if a folder is named, the further tables as ``name-TABLE.csv``."""
    from headwinds.artifacts.write import write_bytes, write_text

    if output is not None:
        folder = Path(output)
        for one, table in {
            name: found.table,
            **{f"{name}-{key}": t for key, t in (tables or {}).items()},
        }.items():
            write_bytes(folder / f"{one}.csv", table.to_csv(index=False, lineterminator="\n").encode())
        write_text(
            folder / f"{name}.html",
            f'<!DOCTYPE html>\n<meta charset="utf-8">\n<title>{name}</title>\n{found.to_html()}\n',
        )
    return found
