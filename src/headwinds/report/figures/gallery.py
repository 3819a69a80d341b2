"""Which figures a report has, each tied to the table it draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import PALETTE, inline, style, to_bytes
from headwinds.report.cells import Cell, ReportTable
from headwinds.report.formats import show_interval
from headwinds.report.tables import chapter_name, index_table_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.report.anchors import Anchors
    from headwinds.report.content import IndicatorFigure, ReportContent
    from headwinds.report.messages import Messages


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure in its three forms.

    Attributes
    ----------
    name
        File name without ending.
    table
        Name of the table that it draws.
    alternative
        What it shows, in words.
    svg, png
        As files.
    inline
        As markup for the page.
    """

    name: str
    table: str
    alternative: str
    svg: bytes
    png: bytes
    inline: str


@dataclass(frozen=True, slots=True)
class _Plan:
    name: str
    table: str
    alternative: str
    draw: Callable[[], Figure]
    tips: Mapping[str, str]


def draw_figures(
    content: ReportContent, tables: Mapping[str, ReportTable], anchors: Anchors, messages: Messages
) -> dict[str, DrawnFigure]:
    """Draw all figures, by name, in the order of the page.

    Parameters
    ----------
    anchors
        The places of the page that a point may lead to.
    """
    from markupsafe import escape

    drawn = {}
    with style():
        for plan in _plans(content, tables, anchors, messages):
            svg, png = to_bytes(plan.draw())
            tips = {anchor: str(escape(tip)) for anchor, tip in plan.tips.items()}
            markup = inline(svg, plan.name, str(escape(plan.alternative)), tips)
            drawn[plan.name] = DrawnFigure(plan.name, plan.table, plan.alternative, svg, png, markup)
    for chapter in content.chapters:  # drawn by the result itself
        name = chapter_name(chapter)
        words = messages("figure_alternative", title=chapter.title, rows=len(tables[name].rows))
        markup = inline(chapter.svg, name, str(escape(words)), {})
        drawn[name] = DrawnFigure(name, name, words, chapter.svg, chapter.png, markup)
    return drawn


def _plans(
    content: ReportContent, tables: Mapping[str, ReportTable], anchors: Anchors, messages: Messages
) -> Iterator[_Plan]:
    yield from _model_plans(content, tables, messages)
    for figure in content.indicators:
        yield from _index_plans(content, figure, tables, anchors, messages)
    yield from _result_plans(content, tables, messages)


def _plan(name: str, table: ReportTable, draw: Callable[[], Figure], messages: Messages) -> _Plan:
    return _Plan(
        name, table.name, messages("figure_alternative", title=table.title, rows=len(table.rows)), draw, {}
    )


def _model_plans(
    content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages
) -> Iterator[_Plan]:
    from headwinds.report.figures.metrics import draw_metric
    from headwinds.report.figures.reliability import draw_reliability
    from headwinds.report.figures.token_lengths import draw_token_lengths

    lengths, metrics, reliability = tables.get("token-lengths"), tables["metrics"], tables["reliability"]
    if lengths is not None and lengths.rows:
        longest = content.check.maximum_length
        yield _plan(
            "token-lengths", lengths, partial(draw_token_lengths, lengths, longest, messages), messages
        )
    for metric in ("f1", "average_precision"):
        if metric in metrics.texts("metric"):
            yield _plan(
                f"metrics-{metric}",
                metrics,
                partial(draw_metric, metrics, metric, messages),
                messages,
            )
    if reliability.rows:
        yield _plan("reliability", reliability, partial(draw_reliability, reliability, messages), messages)


def _index_plans(
    content: ReportContent,
    figure: IndicatorFigure,
    tables: Mapping[str, ReportTable],
    anchors: Anchors,
    messages: Messages,
) -> Iterator[_Plan]:
    from headwinds.report.figures.indicator import axis_top, draw_index

    keys = len(figure.corrected.keys)
    of_label = {
        label: tables[index_table_name(figure, label)]
        for label in content.codebook.names
        if label in figure.corrected.labels
    }
    top = axis_top(list(of_label.values()))
    for label, table in of_label.items():
        colour = PALETTE[content.codebook.names.index(label) % len(PALETTE)]

        anchor = partial(point_anchor, label, figure.corrected.keys, anchors=anchors)
        draw = partial(draw_index, table, keys, colour, top, anchor, messages)
        tips = {}
        for row in table.rows:
            target = anchor(row[:keys])
            if target is not None:
                name = " / ".join(str(key) for key in (label, *row[:keys]))
                value, lower, upper = row[keys : keys + 3]
                tips[target] = f"{name}: {show_interval(value, lower, upper, content.value_kind, messages)}"
        alternative = messages("index_alternative", label=label, title=figure.title, rows=len(table.rows))
        yield _Plan(table.name, table.name, alternative, draw, tips if keys == 1 else {})


def point_anchor(label: str, keys: tuple[str, ...], cell: tuple[Cell, ...], anchors: Anchors) -> str | None:
    """Where the passages of a point stand: those of its own cell, else those of its last key (the year)."""
    values = tuple(map(str, cell))
    return anchors.get((label, keys, values)) or anchors.get((label, keys[-1:], values[-1:]))


def _result_plans(
    content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages
) -> Iterator[_Plan]:
    from headwinds.report.figures.accounts import draw_accounts, draw_slowdown
    from headwinds.report.figures.coefficients import draw_coefficients, draw_detectable
    from headwinds.report.figures.precision import draw_gain, draw_width

    for name, drawing in (("width-by-stratum", draw_width), ("label-gain", draw_gain)):
        if name in tables and tables[name].rows:
            yield _plan(
                name,
                tables[name],
                partial(drawing, tables[name], messages),
                messages,
            )
    growth, regression = content.growth, content.regression
    if growth is not None:
        account, table = growth.accounts, tables["growth-accounts"]
        yield _plan(
            "growth-accounts",
            table,
            partial(
                draw_accounts,
                table,
                growth.bar_columns,
                account.parts,
                account.total,
                account.units,
                messages,
            ),
            messages,
        )
        slowdown = growth.slowdown
        if slowdown is not None:
            yield _plan(
                "slowdown",
                tables["slowdown"],
                partial(draw_slowdown, tables["slowdown"], slowdown, messages),
                messages,
            )
    if regression is not None:
        units = regression.corrected.units
        for name, picture in (
            ("minimum-detectable-effects", draw_detectable),
            ("coefficients", draw_coefficients),
        ):
            yield _plan(
                name,
                tables[name],
                partial(picture, tables[name], units, messages),
                messages,
            )
