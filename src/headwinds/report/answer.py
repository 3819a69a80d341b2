"""The answer in three sentences, made only from numbers that exist; a missing one is said to be missing.

Wording is hedged on purpose: shares are estimates, growth changes are means, coefficients are associations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from headwinds.report.associations import alone_or, read_associations
from headwinds.report.cells import Cell, ReportTable
from headwinds.report.formats import show, show_interval
from headwinds.report.tables import index_table_name

if TYPE_CHECKING:
    from headwinds.report.content import IndicatorFigure, ReportContent
    from headwinds.report.messages import Messages

_YEAR = re.compile(r"[12]\d{3}(?!\d)")


def answer_sentences(
    content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages
) -> tuple[str, ...]:
    """Three sentences: what was measured, what growth did, and what the one says of the other."""
    return (
        _measured(content, tables, messages),
        _growth(content, tables, messages),
        _association(content, tables, messages),
    )


def main_figure(content: ReportContent) -> IndicatorFigure | None:
    """The indicator that the answer is about: the first over time, else the first by one key, else the first."""
    by_one_key = [figure for figure in content.indicators if len(figure.corrected.keys) == 1]
    return next(iter((*filter(over_time, by_one_key), *by_one_key, *content.indicators)), None)


def over_time(figure: IndicatorFigure) -> bool:
    """Whether every cell of the one key begins with a year."""
    indicator = figure.corrected
    return len(indicator.keys) == 1 and all(_YEAR.match(str(cell[0])) for cell in indicator.cells)


def form_of(key: str, labels: int, content: ReportContent) -> str:
    """The key of a sentence that ranks so many labels, in its form for a single one, which has no rank."""
    return f"{key}_alone" if labels == 1 and content.kind == "multi-label" else key


def _measured(content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages) -> str:
    """The label that stands highest at the last point of the index over time, then and at the first point."""
    figure = main_figure(content)
    if figure is None or not over_time(figure):
        return measured_elsewhere(content, tables, messages) or messages("answer_measured_missing")
    spans: list[tuple[float, str, dict[str, Cell], dict[str, Cell]]] = []
    for label in content.codebook.names:
        known = _available(figure, label, tables)
        if known:
            spans.append((float(known[-1]["value"] or 0), label, known[0], known[-1]))
    if not spans:
        return measured_elsewhere(content, tables, messages) or messages("answer_measured_missing")
    (_, label, first, last), *others = sorted(spans, key=lambda span: -span[0])
    key = table_key(figure.corrected.keys[0], first)
    told = messages(
        form_of("answer_measured", len(spans), content),
        label=label,
        first=first[key],
        last=last[key],
        then=_interval(first, content, messages),
        now=_interval(last, content, messages),
        labels=len(spans),
    )
    beside = [
        messages("answer_next", label=name, now=_interval(point, content, messages))
        for _, name, _, point in others[:1]
    ]
    return messages("brief_space").join((told, *beside))


def _interval(point: Mapping[str, Cell], content: ReportContent, messages: Messages) -> str:
    return show_interval(point["value"], point["lower"], point["upper"], content.value_kind, messages)


def measured_elsewhere(content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages) -> str:
    """The highest of what is defended without time: over the whole corpus, else by another key; empty where nothing is."""
    figures = [
        figure
        for figure in content.indicators
        if len(figure.corrected.keys) < 2 and not (figure.corrected.keys and over_time(figure))
    ]
    for figure in sorted(figures, key=lambda one: len(one.corrected.keys)):
        found = [
            (float(record["value"] or 0), label, record)
            for label in content.codebook.names
            for record in _available(figure, label, tables)
        ]
        if found:
            _, label, record = max(found, key=lambda one: one[0])
            keys = figure.corrected.keys
            labels = len({one[1] for one in found})
            return messages(
                form_of("answer_measured_elsewhere" if keys else "answer_measured_whole", labels, content),
                label=label,
                labels=labels,
                key=messages.key(keys[0]) if keys else "",
                cell=record[table_key(keys[0], record)] if keys else "",
                now=_interval(record, content, messages),
            )
    return ""


def _available(
    figure: IndicatorFigure, label: str, tables: Mapping[str, ReportTable]
) -> list[dict[str, Cell]]:
    table = tables.get(index_table_name(figure, label))
    return [record for record in table.records() if record["status"] == "available"] if table else []


def table_key(key: str, record: Mapping[str, Cell]) -> str:
    """The column of a table that holds a key of the indicator."""
    return key if f"key_{key}" not in record else f"key_{key}"


def _growth(content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages) -> str:
    if content.growth is None or content.growth.slowdown is None:
        return messages("answer_growth_missing")
    [mean] = tables["slowdown-mean"].records()
    shown = {
        name: show(mean[name], "number", messages)
        for name in ("before", "after", "change", "standard_error", "countries")
    }
    return messages("answer_growth", **{**shown, "countries": mean["countries"]}, **_spans(mean))


def _spans(mean: Mapping[str, Cell]) -> dict[str, Cell]:
    return {"before_span": mean["before_span"], "after_span": mean["after_span"]}


def _association(content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages) -> str:
    """Which corrected intervals leave out zero, alone and read together, beside what the design could have found."""
    if content.regression is None:
        return messages("answer_association_missing")
    found = read_associations(content.regression, tables, messages)
    if not found.tested:
        return messages("answer_association_missing")
    about = {
        "tested": found.tested,
        "smallest": found.smallest,
        "units": content.regression.corrected.units,
    }
    if not found.apart:
        return messages(alone_or("answer_association_none", found.tested), **about)
    together = messages("answer_association_sure", named=messages("brief_comma").join(found.together))
    return messages(
        alone_or("answer_association", found.tested),
        apart=len(found.apart),
        named="; ".join(found.apart),
        together=together if found.together else messages("answer_association_chance"),
        **about,
    )
