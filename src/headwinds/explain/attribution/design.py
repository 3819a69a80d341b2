"""The rows of an attribution: growth, technology and headwinds in two spans, and the errors of what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.contracts import Graph, Indicator
from headwinds.errors import DataError, EstimationError, MismatchError, SettingsError
from headwinds.explain.attribution.cell_errors import error_correlation
from headwinds.explain.table_columns import column_entities, column_numbers, column_periods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Channel = Literal["growth", "technology", "both"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class AttributionDesign:
    """What an attribution is computed from.

    Attributes
    ----------
    entities
        Their names, sorted; `entity` holds codes into them.
    entity, cluster, year
        Shape (rows,): codes of the entity and of its cluster, and the calendar year of the outcome.
    outcome
        Shape (rows,).
    names
        Of the variables: "technology" first where there is one, then the headwinds, then `controls` others.
    values, variance
        Shape (rows, variables): lagged values and the variance of their errors that are independent between rows.
    factor
        Shape (rows, variables, R): their errors that rows share, a column a standard normal.
    terms
        For each regressor the variables whose product it is: (1,) for a variable alone, (0, 1) for technology x headwind.
    before, after
        Spans as years of levels: growth of first + 1, ..., last.
    lags
        Of the variables, in years.
    outcome_words, channel
        What the outcome is; how headwinds touch it ("growth": by themselves; "technology": only by weakening it; "both").
    dropped, without_value
        Rows of the outcome within the spans without a usable value of every variable, and without an outcome.
    alone
        Entities with rows in one span only: they help to estimate slopes and are in no mean.
    error_correlation
        Shape (variables, variables): of the errors behind `variance` where they were made in one cell; None for none.
    """

    entities: tuple[str, ...]
    entity: NDArray[np.int64]
    cluster: NDArray[np.int64]
    year: NDArray[np.int64]
    outcome: NDArray[np.float64]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    variance: NDArray[np.float64]
    factor: NDArray[np.float64]
    terms: tuple[tuple[int, ...], ...]
    before: Span
    after: Span
    lags: tuple[int, ...]
    outcome_words: str
    channel: Channel
    has_technology: bool
    dropped: int
    alone: tuple[str, ...]
    controls: int = 0
    without_value: int = 0
    error_correlation: NDArray[np.float64] | None = None

    @property
    def headwinds(self) -> tuple[str, ...]:
        """Their names."""
        return self.names[int(self.has_technology) : len(self.names) - self.controls]

    @property
    def clusters(self) -> int:
        """How many."""
        return int(self.cluster.max()) + 1

    def in_span(self, span: Span) -> NDArray[np.bool_]:
        """Which rows are growth within a span of levels, shape (rows,)."""
        inside: NDArray[np.bool_] = (self.year > span[0]) & (self.year <= span[1])
        return inside

    @property
    def population(self) -> str:
        """For whom and when, in words."""
        both = len(self.entities) - len(self.alone)
        (first, middle), (start, last) = self.before, self.after
        return f"{both} entities with growth in both {first}-{middle} and {start}-{last}, each counted once"


def make_attribution_design(
    outcome: pd.DataFrame,
    indicator: Indicator,
    *,
    before: Span,
    after: Span,
    headwinds: Sequence[str] | Mapping[str, str],
    technology: pd.DataFrame | str | None = None,
    channel: Channel | None = None,
    lag: int | Mapping[str, int] = 1,
    controls: Mapping[str, pd.DataFrame] | None = None,
    clusters: Mapping[str, str] | None = None,
    outcome_words: str = "growth",
) -> AttributionDesign:
    """Match outcome, technology and headwinds by entity and calendar year.

    Parameters
    ----------
    outcome
        Columns `entity`, `period`, `value`, a row an entity and year: growth in % per year.
    indicator
        Keys (entity, period), in any names.
    before, after
        (first, last) year of levels of each: growth of first + 1, ..., last belongs to it.
    headwinds
        Labels of the indicator, or names with their labels.
    technology
        A label of the indicator, or a table like `outcome` that is taken to have no error; None for an attribution to
        the headwinds alone.
    channel
        None for "technology" where technology is given and "growth" where not.
    lag
        Years by which the variables precede the outcome: of all, or by name.
    controls
        Other series that growth goes with, by name, as tables like `outcome`; taken to have no error, at the same lag.
    clusters
        The cluster of each entity; None for the entity itself.

    Raises
    ------
    SettingsError
        Spans that overlap or are empty, an unknown channel, a channel through technology without technology.
    DataError
        The outcome (or another table) has not its columns, a row without an entity, an entity-year twice, or something
        that is not a number.
    MismatchError
        A label that the index has not; a span in which outcome and index share no entity-year.
    EstimationError
        Fewer than two clusters, or no entity in both spans.
    """
    import numpy as np

    _check_spans(before, after)
    controls = controls or {}
    names, labels = _variables(headwinds, technology, tuple(controls))
    channel = channel or ("growth" if technology is None else "technology")
    terms = _terms(len(names) - len(controls), technology is not None, channel)
    terms += tuple((number,) for number in range(len(names) - len(controls), len(names)))
    frame = _checked(outcome, "outcome")
    years = frame["period"].to_numpy(dtype=int)
    spans = ((years > before[0]) & (years <= before[1])) | ((years > after[0]) & (years <= after[1]))
    within = int(spans.sum())
    frame = _with_value(frame[spans], "outcome")
    years = frame["period"].to_numpy(dtype=int)
    lags = tuple(lag if isinstance(lag, int) else lag.get(name, 1) for name in names)
    found = _lookup(frame, years, indicator, labels, lags)
    values, variance, factor = _measured(indicator, found)
    given = {
        len(names) - len(controls) + place: (name, table)
        for place, (name, table) in enumerate(controls.items())
    }
    if technology is not None and not isinstance(technology, str):
        given[0] = ("technology", technology)
    for place, (name, table) in given.items():
        known = _with_value(_checked(table, name), name).set_index(["entity", "period"])["value"]
        asked = list(zip(frame["entity"], years - lags[place], strict=True))
        values[:, place] = known.reindex(asked).to_numpy(dtype=float)
        variance[:, place] = 0.0
    usable = np.isfinite(values).all(axis=1) & np.isfinite(variance).all(axis=1)
    for told, span in (("before", before), ("after", after)):
        if not (usable & (years > span[0]) & (years <= span[1])).any():
            raise MismatchError(
                f"{told} = {span[0]}-{span[1]}: outcome and indices (lag {max(lags)}) share no entity-year.",
                remedy="Check the years and the codes of the entities.",
            )
    entities, entity = np.unique(frame["entity"].to_numpy(dtype=str)[usable], return_inverse=True)
    own = [name if clusters is None else _cluster(name, clusters) for name in entities]
    _, cluster = np.unique(own, return_inverse=True)
    if int(cluster.max()) < 1:
        raise EstimationError(
            "There is one cluster: nothing can be said of uncertainty.", remedy="Take more entities."
        )
    inside = [_present(entity, years[usable], span, len(entities)) for span in (before, after)]
    both = inside[0] & inside[1]
    if not both.any():
        raise EstimationError(
            "No entity has growth and indices in both spans.", remedy="Choose spans that the panel covers."
        )
    return AttributionDesign(
        entities=tuple(entities.tolist()),
        entity=entity.astype(np.int64),
        cluster=cluster[entity].astype(np.int64),
        year=years[usable].astype(np.int64),
        outcome=frame["value"].to_numpy(dtype=float)[usable],
        names=names,
        values=values[usable],
        variance=variance[usable],
        factor=factor[usable],
        terms=terms,
        before=before,
        after=after,
        lags=lags,
        outcome_words=outcome_words,
        channel=channel,
        has_technology=technology is not None,
        dropped=int((~usable).sum()),
        alone=tuple(entities[~both].tolist()),
        controls=len(controls),
        without_value=within - len(frame),
        error_correlation=error_correlation(indicator, labels),
    )


def lags_of(graph: Graph, target: str) -> dict[str, int]:
    """The least lag of each node that has an edge into `target`."""
    found: dict[str, int] = {}
    for edge in graph.into(target):
        found[edge.source] = min(edge.lag, found.get(edge.source, edge.lag))
    return found


def _check_spans(before: Span, after: Span) -> None:
    for told, (first, last) in (("before", before), ("after", after)):
        if last <= first:
            raise SettingsError(f"{told} = [{first}, {last}]: the last year must come after the first.")
    if after[0] < before[1]:
        raise SettingsError(
            f"before = [{before[0]}, {before[1]}] and after = [{after[0]}, {after[1]}] overlap.",
            remedy="Let the second begin where the first ends, or later.",
        )


def _variables(
    headwinds: Sequence[str] | Mapping[str, str],
    technology: pd.DataFrame | str | None,
    controls: tuple[str, ...],
) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
    named = dict(headwinds) if hasattr(headwinds, "keys") else {name: name for name in headwinds}
    if not named:
        raise SettingsError("headwinds is empty.", remedy="Name at least one label of the index.")
    for name in (*named, *controls):
        if name == "technology" or (name in named and name in controls):
            raise SettingsError(
                f"The name {name!r} is taken.", remedy="Give the headwind or control another name."
            )
    labels = (*named.values(), *(None for _ in controls))
    if technology is None:
        return (*named, *controls), labels
    return ("technology", *named, *controls), (technology if isinstance(technology, str) else None, *labels)


def _terms(variables: int, has_technology: bool, channel: str) -> tuple[tuple[int, ...], ...]:
    if channel not in ("growth", "technology", "both"):
        raise SettingsError(f"channel = {channel!r}, expected growth, technology or both.")
    if not has_technology:
        if channel != "growth":
            raise SettingsError(
                f"channel = {channel!r} needs technology.", remedy="Give technology, or take channel growth."
            )
        return tuple((number,) for number in range(variables))
    alone = tuple((number,) for number in range(1, variables))
    through = tuple((0, number) for number in range(1, variables))
    return ((0,), *(alone if channel != "technology" else ()), *(through if channel != "growth" else ()))


def _checked(frame: pd.DataFrame, told: str) -> pd.DataFrame:
    """The columns `entity`, as text, and `period`, `value`, as numbers; whoever has a value has a name."""
    lacking = [name for name in ("entity", "period", "value") if name not in frame.columns]
    if lacking:
        raise DataError(f"{told} has no column {lacking[0]!r}; expected entity, period, value.")
    value = column_numbers(frame["value"], told)
    return frame.assign(
        value=value,
        period=column_periods(frame["period"], told),
        entity=column_entities(frame["entity"], told, value == value),
    )


def _with_value(frame: pd.DataFrame, told: str) -> pd.DataFrame:
    """Rows with a value, no entity-period twice."""
    kept = frame.dropna(subset=["value"])
    twice = kept[kept.duplicated(["entity", "period"])]
    if len(twice):
        first = twice.iloc[0]
        raise DataError(
            f"{told} has {first['entity']} in {first['period']} twice.", remedy="Keep one row of each."
        )
    return kept


def _lookup(
    frame: pd.DataFrame,
    years: NDArray[np.int64],
    indicator: Indicator,
    labels: tuple[str | None, ...],
    lags: tuple[int, ...],
) -> NDArray[np.int64]:
    """The indicator's row for each row and variable, shape (rows, variables); -1 where there is none."""
    import numpy as np

    if len(indicator.keys) != 2:
        raise MismatchError(
            f"The index is keyed by ({', '.join(indicator.keys)}), expected entity and period."
        )
    present = list(dict.fromkeys(indicator.labels))
    position = {
        (label, str(cell[0]), int(cell[1])): row
        for row, (label, cell) in enumerate(zip(indicator.labels, indicator.cells, strict=True))
    }
    found = np.full((len(frame), len(labels)), -1)
    entities = frame["entity"].astype(str).tolist()
    for number, (label, lag) in enumerate(zip(labels, lags, strict=True)):
        if label is None:
            continue
        if label not in present:
            raise MismatchError(
                f"The index has no label {label!r}; it has {', '.join(present)}.", remedy="Mend the name."
            )
        found[:, number] = [
            position.get((label, entity, year - lag), -1)
            for entity, year in zip(entities, years.tolist(), strict=True)
        ]
    return found


def _measured(
    indicator: Indicator, found: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    there = found >= 0
    common = indicator.common_factor
    used = common[:, np.any(common != 0, axis=0)]
    values = np.where(there, indicator.value[found], np.nan)
    variance = np.where(there, indicator.classical_variance[found], np.nan)
    factor = np.where(there[:, :, None], used[found], 0.0)
    return values, variance, factor


def _cluster(name: str, clusters: Mapping[str, str]) -> str:
    if name not in clusters:
        raise MismatchError(
            f"clusters does not say to which one {name!r} belongs.", remedy="Name it, or drop it."
        )
    return clusters[name]


def _present(
    entity: NDArray[np.int64], years: NDArray[np.int64], span: Span, count: int
) -> NDArray[np.bool_]:
    import numpy as np

    inside = (years > span[0]) & (years <= span[1])
    present: NDArray[np.bool_] = np.bincount(entity[inside], minlength=count) > 0
    return present
