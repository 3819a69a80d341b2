"""The policy brief: one page in plain words, made only from numbers that passed their checks; it computes nothing.

What is shown as found has an interval that says so: a share has risen or fallen only where its two intervals do not
overlap, a label is the most frequent only where its interval lies above those of all others, an index goes with growth
only where its interval leaves out zero, also widened for how many are read at once, a slowdown is a slowdown only beyond
twice its standard error. Everything else is said to be not shown; what a check refused is said to be refused, with the
check's code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

from headwinds.report.answer import form_of, main_figure, measured_elsewhere, over_time, table_key
from headwinds.report.associations import reach_of
from headwinds.report.brief_growth import association_statement, growth_statement, ranking_statement
from headwinds.report.brief_parts import Statement, Verdict, codes, error_codes
from headwinds.report.cells import Cell, Kind, ReportTable
from headwinds.report.formats import show, show_interval
from headwinds.report.results import all_findings
from headwinds.report.tables import index_table_name

if TYPE_CHECKING:
    from headwinds.report.content import IndicatorFigure, ReportContent
    from headwinds.report.messages import Messages

MOST_ROWS = 8
"""Labels that fit on the page; the report has all."""


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A label: its share then and now, each with its interval, and what may be said of the two."""

    label: str
    first: str
    last: str
    said: str


@dataclass(frozen=True, slots=True)
class Brief:
    """All that stands on the page, in words.

    Attributes
    ----------
    shares
        One row a label, those of the largest share first; empty where no index may be shown.
    first, last
        The cells that the columns of `shares` are about.
    left_out
        Labels beyond `MOST_ROWS`.
    pictured
        Name of the report's figure of the first row; empty without rows.
    sure
        How the labels came about, how good the model is, what the checks say.
    """

    statements: tuple[Statement, ...]
    shares: tuple[ShareRow, ...]
    first: str
    last: str
    left_out: int
    pictured: str
    pictured_label: str
    sure: tuple[str, ...]


def make_brief(content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages) -> Brief:
    """Choose what may be said."""
    stopped = error_codes((*content.check.findings, *content.evaluation.findings))
    figure = main_figure(content)
    points = _points(content, figure, tables) if figure and over_time(figure) and not stopped else {}
    order = sorted(points, key=lambda label: -_number(points[label][1]["value"]))
    said = {label: _compared(points[label], len(points)) for label in order}
    statements = (
        _attention(content, figure, points, order, said, stopped, tables, messages),
        growth_statement(content, tables, messages),
        association_statement(content, tables, stopped, messages),
        ranking_statement(content, tables, stopped, messages),
    )
    first, last = (str(_key(figure, points[order[0]][place])) if order else "" for place in (0, 1))
    return Brief(
        statements=tuple(one for one in statements if one is not None),
        shares=tuple(
            _row(label, points[label], said[label], content.value_kind, messages)
            for label in order[:MOST_ROWS]
        ),
        first=first,
        last=last,
        left_out=max(0, len(order) - MOST_ROWS),
        pictured=index_table_name(figure, order[0]) if figure and order else "",
        pictured_label=order[0] if order else "",
        sure=_sure(content, tables, messages),
    )


def _number(value: Cell) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


Point = tuple[dict[str, Cell], dict[str, Cell]]


def _points(
    content: ReportContent, figure: IndicatorFigure, tables: Mapping[str, ReportTable]
) -> dict[str, Point]:
    """By label, the first and the last cell of the index by one key; labels without any interval are left out."""
    if len(figure.corrected.keys) != 1 or error_codes(figure.corrected.findings):
        return {}
    found = {}
    for label in content.codebook.names:
        table = tables.get(index_table_name(figure, label))
        rows = [row for row in table.records() if row["value"] is not None] if table else []
        if any(row["status"] == "available" for row in rows):
            found[label] = (rows[0], rows[-1])
    return found


def _key(figure: IndicatorFigure | None, row: Mapping[str, Cell]) -> Cell:
    return row[table_key(figure.corrected.keys[0], row)] if figure else ""


def _row(label: str, point: Point, said: str, kind: Kind, messages: Messages) -> ShareRow:
    first, last = (
        show_interval(row["value"], row["lower"], row["upper"], kind, messages).replace(
            ", ", ",\N{NO-BREAK SPACE}"
        )
        for row in point
    )
    return ShareRow(label, first, last, messages(f"brief_{said}"))


def _compared(point: Point, labels: int) -> str:
    """What two intervals allow to be said.

    Intervals that do not overlap are a cautious rule for one difference, however the two errors go together. Where several
    labels are read at once the difference must also leave out zero widened for that, its two errors squared and added.
    """
    first, last = point
    if None in (first["lower"], first["upper"], last["lower"], last["upper"]):
        return "refused_change"
    for said, low, high in (("more", first, last), ("less", last, first)):
        below, above = _number(low["upper"]), _number(high["lower"])
        away = _number(high["value"]) - _number(low["value"])
        reach = hypot(below - _number(low["value"]), _number(high["value"]) - above)
        if above > below and away > reach_of(labels) * reach:
            return said
    return "no_change"


def _rivals(points: Mapping[str, Point], order: Sequence[str]) -> list[str]:
    """Labels that may be the most frequent at the last point as well as the first in order.

    Intervals of 95 % that lie apart show which of two is larger however their errors go together; and whoever lies apart
    from every other one is shown to be the largest, although it was picked as such (Hung and Fithian 2019).
    """
    lower = points[order[0]][1]["lower"]
    found = []
    for label in order[1:]:
        upper = points[label][1]["upper"]
        if lower is None or upper is None or _number(upper) >= _number(lower):
            found.append(label)
    return found


def _attention(
    content: ReportContent,
    figure: IndicatorFigure | None,
    points: Mapping[str, Point],
    order: Sequence[str],
    said: Mapping[str, str],
    stopped: str,
    tables: Mapping[str, ReportTable],
    messages: Messages,
) -> Statement:
    heading = messages("brief_heading_attention")
    refused = stopped or (error_codes(figure.corrected.findings) if figure else "")
    if refused:
        return Statement(heading, messages("brief_refused", codes=refused), "refused")
    if not order:
        elsewhere = measured_elsewhere(content, tables, messages)
        return Statement(
            heading, elsewhere or messages("brief_attention_missing"), "shown" if elsewhere else "refused"
        )
    kind = content.value_kind
    last = points[order[0]][1]
    known = last["status"] == "available"
    ranks = known and content.kind != "graded"  # of graded labels the sentence gives no rank
    rivals = _rivals(points, order) if ranks else []
    key = "brief_attention_tied" if rivals else "brief_attention" if known else "brief_attention_without"
    text = messages(
        form_of(key, len(order), content),
        others=messages("brief_comma").join(rivals),
        label=order[0],
        cell=_key(figure, last),
        share=show(last["value"], kind, messages),
        lower=show(last["lower"], kind, messages),
        upper=show(last["upper"], kind, messages),
        labels=len(order),
    )
    moved = [label for label in order if said[label] in ("more", "less")]
    change = (
        messages(
            form_of("brief_moved", len(order), content),
            labels=messages("brief_comma").join(moved),
            number=len(moved),
            all=len(order),
        )
        if moved
        else messages(form_of("brief_none_moved", len(order), content), all=len(order))
    )
    verdict: Verdict = "not_shown" if rivals else "shown" if known else "refused"
    return Statement(heading, messages("brief_space").join((text, change)), verdict)


def _sure(content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages) -> tuple[str, ...]:
    """Labels, model, checks: what the trust in this page rests on."""
    scores = {
        record["system"]: record
        for record in tables["metrics"].records()
        if record["label"] == "macro" and record["metric"] == "f1"
    }
    tested = show(content.evaluation.passages, "integer", messages)
    sentences = [messages("brief_tested", passages=tested, folds=content.evaluation.folds)]
    if scores:
        (_, model), *others = scores.items()
        best = max(others, key=lambda one: _number(one[1]["value"]), default=None)
        told = show_interval(model["value"], model["lower"], model["upper"], "metric", messages)
        known = model["value"] is not None
        sentences.append(messages("brief_score", score=told) if known else messages("brief_score_missing"))
        if known and best is not None:
            value = show(best[1]["value"], "metric", messages)
            sentences.append(messages("brief_baseline", name=best[0], score=value))
    findings = all_findings(content)
    kinds = {kind: [one for one in findings if one.severity == kind] for kind in ("error", "warning")}
    sentences.append(
        messages("brief_checks", warnings=len(kinds["warning"]), codes=codes(kinds["warning"]))
        if kinds["warning"]
        else messages("brief_checks_none")
    )
    if kinds["error"]:
        sentences.append(messages("brief_errors", codes=codes(kinds["error"])))
    return tuple(sentences)
