"""Every table of the report, made once: the page, the figures, the files and the JSON all read from these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from headwinds.errors import MismatchError
from headwinds.report.anchors import slug
from headwinds.report.cells import Cell, Kind, ReportTable, guess_kind, plain, read_table

if TYPE_CHECKING:
    from headwinds.contracts import Estimate, Evaluation, Indicator, Interval
    from headwinds.report.content import (
        GrowthFacts,
        IndicatorFigure,
        PassageTrace,
        RegressionFacts,
        ReportContent,
        ResultChapter,
    )
    from headwinds.report.messages import Messages

INTERVAL: tuple[str, ...] = ("value", "lower", "upper")


def make_tables(content: ReportContent, messages: Messages) -> dict[str, ReportTable]:
    """All tables by name, in the order of the page."""
    tables: dict[str, ReportTable] = {}
    for table in _all_tables(content, messages):
        if table.name in tables:
            raise MismatchError(
                f"Two tables of the report are named {table.name!r}; an indicator's name must be its own."
            )
        tables[table.name] = table
    return tables


def chapter_name(chapter: ResultChapter) -> str:
    """The table and the figure of a chapter."""
    return f"result-{slug_words(chapter.name)}"


def index_table_name(figure: IndicatorFigure, label: str) -> str:
    """The table (and figure) of one label of an indicator."""
    return f"{slug_words(figure.name)}-{slug(label)}"


def slug_words(name: str) -> str:
    """A name whose words may be joined by hyphens, made safe."""
    return "-".join(slug(word) for word in name.split("-"))


def _all_tables(content: ReportContent, messages: Messages) -> Iterator[ReportTable]:
    yield from _data_tables(content, messages)
    yield from _evaluation_tables(content.evaluation, messages)
    for figure in content.indicators:
        yield from _index_tables(content, figure, messages)
    yield from _precision_tables(content, messages)
    if content.growth is not None:
        yield from _growth_tables(content.growth, messages)
    if content.regression is not None:
        yield from _regression_tables(content.regression, messages)
    for chapter in content.chapters:
        yield read_table(chapter_name(chapter), chapter.title, chapter.table)
    if content.passages:
        yield _passage_table(content.passages, messages)


def _data_tables(content: ReportContent, messages: Messages) -> Iterator[ReportTable]:
    if content.corpus.strata is not None:
        kinds: dict[str, Kind] = {"population": "integer", "period": "key", "weight": "number"}
        yield read_table(
            "strata", messages("table_strata"), content.corpus.strata, required=("stratum",), kinds=kinds
        )
    if content.check.label_counts is not None:
        required = ("label", "stratum", "gold", "positives")
        yield read_table(
            "label-counts", messages("table_label_counts"), content.check.label_counts, required=required
        )
    if content.check.token_lengths is not None:
        bins = ("lower", "upper", "passages")
        yield read_table(
            "token-lengths", messages("table_token_lengths"), content.check.token_lengths, required=bins
        )


def _triple(interval: Interval) -> tuple[Cell, Cell, Cell]:
    return plain(interval.value), plain(interval.lower), plain(interval.upper)


def _evaluation_tables(evaluation: Evaluation, messages: Messages) -> Iterator[ReportTable]:
    rows: list[tuple[Cell, ...]] = []
    for system in evaluation.systems:
        for label in system.labels:
            for metric, interval in label.metrics.items():
                rows.append((system.system, label.label, metric, *_triple(interval), plain(label.positives)))
        rows.extend(
            (system.system, "macro", metric, *_triple(interval), None)
            for metric, interval in system.macro.items()
        )
    yield ReportTable(
        "metrics",
        messages("table_metrics"),
        ("system", "label", "metric", *INTERVAL, "positives"),
        ("text", "text", "text", "metric", "metric", "metric", "integer"),
        tuple(rows),
    )
    yield ReportTable(
        "differences",
        messages("table_differences"),
        ("first", "second", "metric", *INTERVAL),
        ("text", "text", "text", "metric", "metric", "metric"),
        tuple(
            (item.first, item.second, item.metric, *_triple(item.interval)) for item in evaluation.differences
        ),
    )
    probabilities: dict[str, Kind] = dict.fromkeys(
        ("lower", "upper", "mean_probability", "observed_share"), "probability"
    )
    bins = ("label", "lower", "upper", "mean_probability", "observed_share", "passages")
    yield read_table(
        "reliability",
        messages("table_reliability"),
        evaluation.reliability,
        required=bins,
        kinds=probabilities,
    )
    required = ("passage_id", "label", "gold", "probability", "text")
    kinds: dict[str, Kind] = {"probability": "probability", "gold": "yes_no"}
    yield read_table(
        "worst-errors", messages("table_worst_errors"), evaluation.errors, required=required, kinds=kinds
    )


def _index_tables(
    content: ReportContent, figure: IndicatorFigure, messages: Messages
) -> Iterator[ReportTable]:
    unknown = sorted(set(figure.corrected.labels) - set(content.codebook.names))
    if unknown:
        raise MismatchError(
            f"The indicator {figure.name!r} has the label {unknown[0]!r}, which the codebook has not."
        )
    for label in content.codebook.names:
        if label in figure.corrected.labels:
            yield _index_table(figure, label, content.value_kind, messages)


def _index_table(figure: IndicatorFigure, label: str, value_kind: Kind, messages: Messages) -> ReportTable:
    """One label of an indicator beside the other ways of counting it."""
    main, naive, labelled = figure.corrected, _by_point(figure.naive), _by_point(figure.labelled_only)
    rows: list[tuple[Cell, ...]] = []
    for row, name in enumerate(main.labels):
        if name != label:
            continue
        point = (label, main.cells[row])
        value, lower, upper = (plain(part[row]) for part in (main.value, main.lower, main.upper))
        status = (
            "not available"
            if value is None
            else "no interval"
            if lower is None or upper is None
            else "available"
        )
        counts = (plain(part[row]) for part in (main.documents, main.passages, main.gold))
        beside = (naive.get(point, (None,) * 3)[0], *labelled.get(point, (None,) * 3))
        keys = (plain(key) for key in main.cells[row])
        rows.append((*keys, value, lower, upper, *beside, *counts, main.pooled[row], status))
    keys_of = [
        plain_key if plain_key not in _INDEX_COLUMNS else f"key_{plain_key}" for plain_key in main.keys
    ]
    key_kinds: list[Kind] = ["key"] * len(keys_of)
    values: list[Kind] = [value_kind] * 7
    kinds = (*key_kinds, *values, *_COUNT_KINDS)
    return ReportTable(
        index_table_name(figure, label),
        messages("index_panel", label=label, title=figure.title),
        (*keys_of, *_INDEX_COLUMNS),
        kinds,
        tuple(rows),
    )


_INDEX_COLUMNS = (
    *INTERVAL,
    "naive",
    "labelled_only",
    "labelled_only_lower",
    "labelled_only_upper",
    "documents",
    "passages",
    "gold",
    "pooled",
    "status",
)


_COUNT_KINDS: tuple[Kind, ...] = ("integer", "integer", "integer", "text", "text")


def _by_point(
    indicator: Indicator | None,
) -> dict[tuple[str, tuple[str | int, ...]], tuple[Cell, Cell, Cell]]:
    if indicator is None:
        return {}
    parts = zip(indicator.value, indicator.lower, indicator.upper, strict=True)
    points = zip(indicator.labels, indicator.cells, strict=True)
    return {
        point: (plain(value), plain(lower), plain(upper))
        for point, (value, lower, upper) in zip(points, parts, strict=True)
    }


def _precision_tables(content: ReportContent, messages: Messages) -> Iterator[ReportTable]:
    if content.width_by_stratum is not None:
        yield read_table(
            "width-by-stratum",
            messages("table_width"),
            content.width_by_stratum,
            required=("label", "stratum", "variance_share"),
            kinds={"variance_share": "share", "half_width": content.value_kind},
        )
    if content.label_gain is not None:
        yield read_table(
            "label-gain",
            messages("table_gain"),
            content.label_gain,
            required=("label", "stratum", "additional_labels", "half_width_now", "half_width_then"),
            kinds={
                "half_width_now": content.value_kind,
                "half_width_then": content.value_kind,
                "additional_labels": "integer",
            },
        )


def _growth_tables(growth: GrowthFacts, messages: Messages) -> Iterator[ReportTable]:
    account = growth.accounts
    required = (*growth.bar_columns, *account.parts, account.total)
    kinds: dict[str, Kind] = dict.fromkeys(growth.bar_columns, "key")
    yield read_table("growth-accounts", account.estimand, account.table, required=required, kinds=kinds)
    yield read_table("accounts-unavailable", messages("table_unavailable"), account.unavailable)
    slowdown = growth.slowdown
    if slowdown is not None:
        yield read_table(
            "slowdown",
            messages("table_slowdown"),
            slowdown.table,
            required=("entity", "before", "after", "change"),
        )
        mean = (slowdown.before, slowdown.after, slowdown.change, slowdown.standard_error)
        yield ReportTable(
            "slowdown-mean",
            messages("table_slowdown_mean"),
            ("before_span", "after_span", "countries", "before", "after", "change", "standard_error"),
            ("key", "key", "integer", "number", "number", "number", "number"),
            (
                (
                    slowdown.before_span,
                    slowdown.after_span,
                    plain(slowdown.countries),
                    *(plain(part) for part in mean),
                ),
            ),
        )


def _regression_tables(regression: RegressionFacts, messages: Messages) -> Iterator[ReportTable]:
    yield read_table(
        "minimum-detectable-effects",
        messages("table_detectable"),
        regression.detectable,
        required=("name", "minimum_detectable_effect"),
        kinds={"minimum_detectable_effect": "number"},
    )
    naive, corrected = _coefficients(regression.naive), _coefficients(regression.corrected)
    names = tuple(dict.fromkeys((*regression.corrected.names, *regression.naive.names)))
    empty: tuple[Cell, ...] = (None,) * 4
    parts = ("value", "standard_error", "lower", "upper")
    yield ReportTable(
        "coefficients",
        messages("table_coefficients"),
        ("name", *(f"{which}_{part}" for which in ("naive", "corrected") for part in parts)),
        ("text", *("number",) * 8),
        tuple((name, *naive.get(name, empty), *corrected.get(name, empty)) for name in names),
    )


def _coefficients(estimate: Estimate) -> Mapping[str, tuple[Cell, ...]]:
    """Value, standard error and interval of every coefficient."""
    bounds = estimate.confidence_interval()
    return {
        name: (
            plain(estimate.value[row]),
            plain(estimate.standard_error[row]),
            plain(bounds[row, 0]),
            plain(bounds[row, 1]),
        )
        for row, name in enumerate(estimate.names)
    }


def _passage_table(traces: tuple[PassageTrace, ...], messages: Messages) -> ReportTable:
    """All traces under one another, with the label and cell of the point they belong to."""
    parts = [(trace, read_trace(trace)) for trace in traces]
    extra = tuple(dict.fromkeys(name for _, part in parts for name in part.columns))
    rows: list[tuple[Cell, ...]] = []
    alike = Counter((trace.label, trace.cell) for trace in traces)
    for trace, part in parts:
        named = alike[trace.label, trace.cell] > 1 and len(trace.keys) == len(trace.cell)
        cell = " / ".join(
            f"{trace.keys[place]} {value}" if named else str(value) for place, value in enumerate(trace.cell)
        )
        rows.extend((trace.label, cell, *(record.get(name) for name in extra)) for record in part.records())
    columns = ("index_label", "index_cell", *extra)
    listed = tuple(zip(*rows, strict=True)) or tuple(() for _ in columns)
    known = {name: kind for _, part in parts for name, kind in zip(part.columns, part.kinds, strict=True)}
    kinds = tuple(
        "key" if known.get(name) == "key" else guess_kind(name, values)
        for name, values in zip(columns, listed, strict=True)
    )
    return ReportTable(
        "passages", messages("table_passages"), columns, ("text", "key", *kinds[2:]), tuple(rows)
    )


def read_trace(trace: PassageTrace) -> ReportTable:
    """One trace as plain rows."""
    names = trace.rows.column_names if hasattr(trace.rows, "column_names") else list(trace.rows.columns)
    graded = "score" in names
    required = ("passage_id", "text", "score" if graded else "probability", "gold", "weight")
    kinds: dict[str, Kind] = {
        "probability": "probability",
        "score": "metric",
        "gold": "metric" if graded else "yes_no",
        "weight": "number",
    }
    columns = [
        str(name) for name in (trace.rows.column_names if hasattr(trace.rows, "column_names") else trace.rows)
    ]
    for name in columns:  # the keys of the corpus, by whatever name a year goes in it
        if name not in (*required, "contribution", "document_id"):
            kinds[name] = "key"
    title = f"{trace.label} {trace.cell}"
    return read_table("passages", title, trace.rows, required=required, kinds=kinds)
