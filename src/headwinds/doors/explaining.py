"""Single analyses of a panel file in Python, as `headwinds explain breaks`, `divide`, ... make them: results and files.

Each takes a panel file (a Penn World Table, or a table with one row an entity and year) and gives what the function of
`headwinds.explain` gives. With `output` it also writes the table as CSV and table and words as HTML into that folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments
from headwinds.study.panel_analyses import MEASURES

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


@plain_arguments
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
    from headwinds.study.panel_analyses import breaks_of

    found = breaks_of(
        _read(panel, entity, period), series, entities=entities, growth=growth, first=first, last=last, most=most,
        number=number, trimming=trimming, hac=hac, draws=draws, seed=seed,
    )  # fmt: skip
    return _kept(found, output, "breaks")


@plain_arguments
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
    from headwinds.study.panel_analyses import divide_of

    found = divide_of(
        _read(panel, entity, period), series, entities=entities, measures=measures, weights=weights, regions=regions,
        first=first, last=last, bound=bound, balanced=balanced, bridge=bridge, draws=draws, seed=seed,
    )  # fmt: skip
    return _kept(found, output, "divide")


@plain_arguments
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
    from headwinds.study.panel_analyses import convergence_of

    found = convergence_of(
        _read(panel, entity, period), series, first=first, last=last, entities=entities, test=test, growth=growth,
        per=per, conditions=conditions,
    )  # fmt: skip
    return _kept(found, output, "convergence")


@plain_arguments
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
    half_panel: bool = False,
    output: PathLike | None = None,
) -> Responses:
    """How the outcome moves in the years after a shock: `local_projections`.

    The shock is a series of the panel, or an index with its error from a folder that `measure` wrote. `growth` takes the
    outcome's annual growth, in %. `half_panel` takes most of the bias of entity effects away, where there are few periods.
    """
    from headwinds.measure.indicator_store import read_indicator
    from headwinds.study.panel_analyses import one_shock, responses_of

    one_shock(shock, index)
    found = responses_of(
        _read(panel, entity, period), outcome, shock=shock, index=read_indicator(Path(index)) if index else None,
        label=label, entities=entities, growth=growth, horizons=horizons, response=response, lags=lags,
        controls=controls, errors=errors, period_effects=period_effects, half_panel=half_panel,
    )  # fmt: skip
    _kept(found, output, "responses")
    return found


@plain_arguments
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
    persistent: bool = True,
    half_panel: bool = False,
    draws: int = 499,
    seed: int = 0,
    output: PathLike | None = None,
) -> SlowdownAttribution:
    """How much of a slowdown goes with which headwind, power first: `attribute_slowdown`.

    The outcome is growth in % a year; `growth` takes it of a level. `technology` is a series of the panel or a label of the
    index. All tables of the result are written, one file each.
    """
    from headwinds.measure.indicator_store import read_indicator
    from headwinds.study.panel_analyses import attribution_of

    found = attribution_of(
        _read(panel, entity, period), outcome, read_indicator(Path(index)), before=before, after=after,
        entities=entities, growth=growth, graph=_graph(graph), technology=technology, channel=channel, lag=lag,
        controls=controls, assumed=assumed, acknowledge=acknowledge, persistent=persistent, half_panel=half_panel,
        draws=draws, seed=seed,
    )  # fmt: skip
    _kept(found, output, "attribution", found.tables())
    return found


@plain_arguments
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


def _read(path: PathLike, entity: str, period: str) -> Panel:
    from headwinds.study.growth_files import read_growth_panel

    return read_growth_panel(Path(path), entity=entity, period=period)


def _kept(
    found: Result, output: PathLike | None, name: str, tables: dict[str, pd.DataFrame] | None = None
) -> Result:
    """The result; its table, picture and page are written if a folder is named, further tables as ``name-TABLE.csv``."""
    from headwinds.artifacts.csv_cells import table_text
    from headwinds.artifacts.write import write_bytes, write_text
    from headwinds.drawing.wording import drawn
    from headwinds.phrases.catalogue import TERMINAL, spoken
    from headwinds.report.analysis_page import analysis_page

    if output is not None:
        folder = Path(output)
        for one, table in {
            name: found.table,
            **{f"{name}-{key}": t for key, t in (tables or {}).items()},
        }.items():
            write_text(folder / f"{one}.csv", table_text(table))
        svg, png = drawn(found.plot, spoken(), TERMINAL)
        write_bytes(folder / f"{name}.svg", svg)
        write_bytes(folder / f"{name}.png", png)
        write_text(folder / f"{name}.html", analysis_page(name, found, svg, language=spoken()))
    return found
