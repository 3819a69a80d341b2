"""The answer in three sentences, made only from numbers that exist; a missing one is said to be missing.

Wording is hedged on purpose: shares are estimates, growth changes are means, coefficients are associations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from headwinds.report.cells import Cell, ReportTable
from headwinds.report.formats import show, show_interval
from headwinds.report.tables import index_table_name

if TYPE_CHECKING:
    from headwinds.report.content import ReportContent
    from headwinds.report.messages import Messages


def answer_sentences(
    content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages
) -> tuple[str, ...]:
    """Three sentences: what was measured, what growth did, and what the one says of the other."""
    return (
        _measured(content, tables, messages),
        _growth(content, tables, messages),
        _association(content, tables, messages),
    )


def _measured(content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages) -> str:
    """The label that stands highest at the last point of the first indicator, then and at the first point."""
    if not content.indicators or len(content.indicators[0].corrected.keys) != 1:
        return messages("answer_measured_missing")
    figure = content.indicators[0]
    spans: list[tuple[float, str, dict[str, Cell], dict[str, Cell]]] = []
    for label in content.codebook.names:
        table = tables.get(index_table_name(figure, label))
        known = [record for record in table.records() if record["status"] == "available"] if table else []
        if known:
            spans.append((float(known[-1]["value"] or 0), label, known[0], known[-1]))
    if not spans:
        return messages("answer_measured_missing")
    _, label, first, last = max(spans, key=lambda span: span[0])
    key = table_key(figure.corrected.keys[0], first)
    shown = [
        show_interval(point["value"], point["lower"], point["upper"], content.value_kind, messages)
        for point in (first, last)
    ]
    return messages(
        "answer_measured",
        label=label,
        first=first[key],
        last=last[key],
        then=shown[0],
        now=shown[1],
        labels=len(spans),
    )


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
    """Which corrected intervals leave out zero, beside what the design could have found."""
    if content.regression is None:
        return messages("answer_association_missing")
    records = tables["coefficients"].records()
    effects = [
        effect
        for effect in tables["minimum-detectable-effects"].column("minimum_detectable_effect")
        if effect
    ]
    smallest = show(min(effects, key=float) if effects else None, "number", messages)
    tested = [
        record for record in records if None not in (record["corrected_lower"], record["corrected_upper"])
    ]
    apart = [
        record
        for record in tested
        if float(record["corrected_lower"] or 0) > 0 or float(record["corrected_upper"] or 0) < 0
    ]
    units = content.regression.corrected.units
    if not tested:
        return messages("answer_association_missing")
    if not apart:
        return messages("answer_association_none", tested=len(tested), smallest=smallest, units=units)
    named = "; ".join(
        f"{record['name']} "
        + show_interval(
            record["corrected_value"],
            record["corrected_lower"],
            record["corrected_upper"],
            "number",
            messages,
        )
        for record in apart
    )
    return messages(
        "answer_association",
        apart=len(apart),
        tested=len(tested),
        named=named,
        smallest=smallest,
        units=units,
    )
