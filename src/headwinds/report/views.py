"""How tables lie on the page: headings, cells, links. Values are shown, not made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.report.cells import Cell, ReportTable
from headwinds.report.formats import show, show_interval

if TYPE_CHECKING:
    from headwinds.report.messages import Messages

_NUMERIC = frozenset({"integer", "number", "metric", "share", "probability"})


@dataclass(frozen=True, slots=True)
class ViewCell:
    """What stands in one cell: text, perhaps a link to a place of the page, and whether it lines up as a number."""

    text: str
    anchor: str | None = None
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A table ready to be written: the first cell of a row is its heading."""

    name: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[ViewCell, ...], ...]


def plain_view(table: ReportTable, messages: Messages, columns: Sequence[str] | None = None) -> View:
    """A table as it is, or some of its columns."""
    chosen = [table.columns.index(name) for name in (columns or table.columns) if name in table.columns]
    rows = tuple(
        tuple(
            ViewCell(show(row[place], table.kinds[place], messages), numeric=table.kinds[place] in _NUMERIC)
            for place in chosen
        )
        for row in table.rows
    )
    return View(
        table.name, table.title, tuple(messages.column(table.columns[place]) for place in chosen), rows
    )


def index_view(
    table: ReportTable, keys: int, anchor: Callable[[tuple[Cell, ...]], str | None], messages: Messages
) -> View:
    """One label of an indicator: each cell of it with its interval, its counts and the way to its passages."""
    rows = []
    kind = table.kinds[table.columns.index("value")]
    for row, record in zip(table.rows, table.records(), strict=True):
        target = anchor(row[:keys])
        shown = show_interval(record["value"], record["lower"], record["upper"], kind, messages)
        labelled = show_interval(
            record["labelled_only"],
            record["labelled_only_lower"],
            record["labelled_only_upper"],
            kind,
            messages,
        )
        pooled = str(record["pooled"] or "")
        heading = [
            ViewCell(str(key), target if place == keys - 1 else None) for place, key in enumerate(row[:keys])
        ]
        counts = [
            ViewCell(show(record[name], "integer", messages), numeric=True)
            for name in ("documents", "passages", "gold")
        ]
        rows.append(
            (
                *(heading or [ViewCell(messages("whole_corpus"))]),
                ViewCell(shown, target, numeric=True),
                ViewCell(show(record["naive"], kind, messages), numeric=True),
                ViewCell(labelled, numeric=True),
                *counts,
                ViewCell(messages("pooled_over", pool=pooled) if pooled else messages("own_gold")),
            )
        )
    keys_shown = tuple(messages.column(name) for name in table.columns[:keys]) or (messages("column_cell"),)
    names = ("corrected", "naive", "labelled_only", "documents", "passages", "gold", "pooled")
    return View(
        table.name, table.title, (*keys_shown, *(messages.column(name) for name in names)), tuple(rows)
    )


def metric_view(table: ReportTable, metric: str, messages: Messages) -> View:
    """One metric: a label a row, a system a column."""
    systems = list(dict.fromkeys(table.texts("system")))
    labels = list(dict.fromkeys(table.texts("label")))
    found = {(r["label"], r["system"]): r for r in table.records() if r["metric"] == metric}
    rows = tuple(
        (
            ViewCell(messages("macro") if label == "macro" else label),
            *(_interval_cell(found.get((label, system)), messages) for system in systems),
        )
        for label in labels
    )
    return View(f"metric-{metric}", messages.metric(metric), (messages("column_label"), *systems), rows)


def system_view(table: ReportTable, system: str, messages: Messages) -> View:
    """One system: a label a row, a metric a column."""
    records = [record for record in table.records() if record["system"] == system]
    metrics = list(dict.fromkeys(str(record["metric"]) for record in records))
    found = {(record["label"], record["metric"]): record for record in records}
    positives = {record["label"]: record["positives"] for record in records}
    rows = tuple(
        (
            ViewCell(messages("macro") if label == "macro" else str(label)),
            ViewCell("" if label == "macro" else show(positives[label], "integer", messages), numeric=True),
            *(_interval_cell(found.get((label, metric)), messages) for metric in metrics),
        )
        for label in positives
    )
    headings = (
        messages("column_label"),
        messages("column_positives"),
        *(messages.metric(metric) for metric in metrics),
    )
    return View(f"system-{system}", messages("caption_system", system=system), headings, rows)


def _interval_cell(record: dict[str, Cell] | None, messages: Messages) -> ViewCell:
    if record is None:
        return ViewCell(messages("not_available"), numeric=True)
    shown = show_interval(record["value"], record["lower"], record["upper"], "metric", messages)
    return ViewCell(shown, numeric=True)


def differences_view(table: ReportTable, messages: Messages) -> View:
    """Tuned model minus each baseline."""
    rows = tuple(
        (
            ViewCell(messages("difference_of", first=record["first"], second=record["second"])),
            ViewCell(messages.metric(str(record["metric"]))),
            _interval_cell(record, messages),
        )
        for record in table.records()
    )
    headings = tuple(messages.column(name) for name in ("comparison", "metric", "difference"))
    return View(table.name, table.title, headings, rows)


def coefficients_view(table: ReportTable, messages: Messages) -> View:
    """Naive beside corrected, each with standard error and interval."""
    rows = []
    for record in table.records():
        cells = [ViewCell(str(record["name"]))]
        for way in ("naive", "corrected"):
            value, error, lower, upper = (
                record[f"{way}_{part}"] for part in ("value", "standard_error", "lower", "upper")
            )
            cells.append(ViewCell(show_interval(value, lower, upper, "number", messages), numeric=True))
            cells.append(ViewCell(show(error, "number", messages), numeric=True))
        rows.append(tuple(cells))
    error = messages.column("standard_error")
    headings = (messages.column("name"), messages("way_naive"), error, messages("way_corrected"), error)
    return View(table.name, table.title, headings, tuple(rows))
