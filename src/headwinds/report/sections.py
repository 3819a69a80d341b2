"""What each section of the page shows, as views ready to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.report.anchors import anchors_of
from headwinds.report.cells import Cell, ReportTable
from headwinds.report.figures.gallery import point_anchor
from headwinds.report.formats import show
from headwinds.report.results import all_findings
from headwinds.report.tables import chapter_name, index_table_name, read_trace
from headwinds.report.views import (
    View,
    coefficients_view,
    differences_view,
    index_view,
    metric_view,
    plain_view,
    system_view,
)

if TYPE_CHECKING:
    from headwinds.contracts import Finding
    from headwinds.report.anchors import Anchors
    from headwinds.report.content import CorpusFacts, ReportContent
    from headwinds.report.messages import Messages
    from headwinds.report.page import PassageGroup

WORST_SHOWN = 12
"""Errors shown in text; all of them are in the table's file."""

_PASSAGE_COLUMNS = frozenset({"text", "passage_id", "probability", "score", "gold"})


@dataclass(frozen=True, slots=True)
class IndexPanel:
    """One label of an indicator."""

    label: str
    view: View


@dataclass(frozen=True, slots=True)
class IndexSection:
    """One indicator: a figure and a table a label."""

    title: str
    corrected_method: str
    naive_method: str
    panels: tuple[IndexPanel, ...]
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassageItem:
    """One passage as it is shown."""

    passage_id: str
    text: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PassageList:
    """The passages behind a point."""

    anchor: str
    cell: str
    summary: str
    items: tuple[PassageItem, ...]


@dataclass(frozen=True, slots=True)
class ChapterSection:
    """A result with its picture's name and caption, its words and its table."""

    name: str
    title: str
    caption: str
    sentences: tuple[str, ...]
    view: View


@dataclass(frozen=True, slots=True)
class PageSections:
    """Everything of the page that is a table, a list or a fact."""

    facts: tuple[tuple[str, str], ...]
    tables: Mapping[str, View]
    chapters: tuple[ChapterSection, ...]
    metrics: tuple[View, ...]
    system: View | None
    differences: View
    tested: str
    observations: str
    errors: tuple[PassageItem, ...]
    indices: tuple[IndexSection, ...]
    beside: tuple[str, ...]
    coefficients: View | None
    findings: tuple[Finding, ...]
    passages: tuple[tuple[str, tuple[PassageList, ...]], ...]
    provenance: tuple[tuple[str, str], ...]


def page_sections(
    content: ReportContent,
    tables: Mapping[str, ReportTable],
    groups: Mapping[str, tuple[PassageGroup, ...]],
    messages: Messages,
) -> PageSections:
    """Lay the report's tables out for the page."""
    metrics = tables["metrics"]
    first = content.evaluation.systems[0].system if content.evaluation.systems else None
    anchors = anchors_of(groups)
    as_they_are = (
        "strata", "label-counts", "token-lengths", "reliability", "width-by-stratum", "label-gain", "growth-accounts",
        "accounts-unavailable", "slowdown", "slowdown-mean", "minimum-detectable-effects",
    )  # fmt: skip
    shown = [name for name in ("f1", "average_precision") if name in metrics.texts("metric")]
    return PageSections(
        facts=_facts(content, messages),
        tables={name: plain_view(tables[name], messages) for name in as_they_are if name in tables},
        chapters=tuple(
            ChapterSection(
                chapter_name(chapter), chapter.title, messages.caption(chapter.name), chapter.sentences, view
            )
            for chapter in content.chapters
            for view in [plain_view(tables[chapter_name(chapter)], messages)]
        ),
        metrics=tuple(metric_view(metrics, metric, messages) for metric in shown),
        system=system_view(metrics, first, messages) if first else None,
        differences=differences_view(tables["differences"], messages),
        tested=_tested(content, messages),
        observations=_observations(content, messages),
        errors=_worst_errors(tables["worst-errors"], messages),
        indices=_index_sections(content, tables, anchors, messages),
        beside=tuple(
            messages("beside", title=one.title, cells=show(one.cells, "integer", messages), place=one.place)
            for one in content.beside
        ),
        coefficients=coefficients_view(tables["coefficients"], messages)
        if "coefficients" in tables
        else None,
        findings=all_findings(content),
        passages=_passage_lists(groups, messages),
        provenance=flatten(content.provenance),
    )


def _years(corpus: CorpusFacts, messages: Messages) -> str:
    if corpus.first_year is None or corpus.last_year is None:
        return ""
    return messages("fact_years", first_year=corpus.first_year, last_year=corpus.last_year)


def _facts(content: ReportContent, messages: Messages) -> tuple[tuple[str, str], ...]:
    """The data in six lines."""
    corpus, check = content.corpus, content.check
    counts = {
        name: show(value, "integer", messages)
        for name, value in (
            ("passages", corpus.passages),
            ("documents", corpus.documents),
            ("population", corpus.population),
        )
    }
    return (
        (messages("fact_source"), corpus.source),
        (messages("fact_licence"), corpus.licence),
        (
            messages("fact_size"),
            messages("fact_size_text", **counts, years=_years(corpus, messages)),
        ),
        (messages("fact_sampling"), corpus.sampling),
        (messages("fact_gold"), check.gold_provenance),
        (
            messages("fact_tokens"),
            messages(
                "fact_tokens_text",
                lost=show(check.tokens_lost, "share", messages),
                maximum=check.maximum_length,
            ),
        ),
    )


def _tested(content: ReportContent, messages: Messages) -> str:
    test = content.evaluation
    counts = {"passages": test.passages, "documents": test.documents, "folds": test.folds}
    return messages(
        "model_tested", **{name: show(count, "integer", messages) for name, count in counts.items()}
    )


def _observations(content: ReportContent, messages: Messages) -> str:
    if content.regression is None:
        return ""
    estimate = content.regression.corrected
    counts = {"observations": estimate.observations, "clusters": estimate.clusters}
    return messages(
        "observations_text", **{name: show(count, "integer", messages) for name, count in counts.items()}
    )


def _worst_errors(table: ReportTable, messages: Messages) -> tuple[PassageItem, ...]:
    items = []
    for record in table.records()[:WORST_SHOWN]:
        facts = (
            (messages.column("label"), str(record["label"])),
            (messages.column("gold"), show(record["gold"], "yes_no", messages)),
            (messages.column("probability"), show(record["probability"], "probability", messages)),
        )
        items.append(PassageItem(str(record["passage_id"]), str(record["text"] or ""), facts))
    return tuple(items)


def _index_sections(
    content: ReportContent, tables: Mapping[str, ReportTable], anchors: Anchors, messages: Messages
) -> tuple[IndexSection, ...]:
    sections = []
    for figure in content.indicators:
        keys = len(figure.corrected.keys)
        views, gaps = [], []
        for label in content.codebook.names:
            if label not in figure.corrected.labels:
                continue
            table = tables[index_table_name(figure, label)]

            def anchor(
                cell: tuple[Cell, ...], label: str = label, named: tuple[str, ...] = figure.corrected.keys
            ) -> str | None:
                return point_anchor(label, named, cell, anchors)

            views.append(IndexPanel(label, index_view(table, keys, anchor, messages)))
            thin = [
                " / ".join(str(key) for key in row[:keys]) or messages("whole_corpus")
                for row in table.rows
                if row[-1] != "available"
            ]
            if thin:
                gaps.append(messages("gaps", label=label, count=len(thin), cells=", ".join(thin)))
        naive = figure.naive.method if figure.naive is not None else messages("not_available")
        sections.append(IndexSection(figure.title, figure.corrected.method, naive, tuple(views), tuple(gaps)))
    return tuple(sections)


def _passage_lists(
    groups: Mapping[str, tuple[PassageGroup, ...]], messages: Messages
) -> tuple[tuple[str, tuple[PassageList, ...]], ...]:
    return tuple(
        (label, tuple(_passage_list(group, messages) for group in of_label))
        for label, of_label in groups.items()
    )


def _passage_list(group: PassageGroup, messages: Messages) -> PassageList:
    trace = group.trace
    if trace is None:
        return PassageList(
            group.anchor, group.cell or messages("whole_corpus"), messages("passages_none"), ()
        )
    table = read_trace(trace)
    items = []
    for row, record in zip(table.rows, table.records(), strict=True):
        said = "score" if "score" in table.columns else "probability"
        kinds = dict(zip(table.columns, table.kinds, strict=True))
        facts = [(messages.column(said), show(record[said], kinds[said], messages))]
        gold = (
            messages("not_labelled")
            if record["gold"] is None
            else show(record["gold"], kinds["gold"], messages)
        )
        facts.append((messages.column("gold"), gold))
        for name, kind, value in zip(table.columns, table.kinds, row, strict=True):
            if name not in _PASSAGE_COLUMNS:
                facts.append((messages.column(name), show(value, kind, messages)))
        items.append(PassageItem(str(record["passage_id"]), str(record["text"] or ""), tuple(facts)))
    summary = messages("passages_of", shown=len(items), all=show(trace.passages, "integer", messages))
    return PassageList(group.anchor, group.cell or messages("whole_corpus"), summary, tuple(items))


def flatten(tree: object, path: str = "") -> tuple[tuple[str, str], ...]:
    """A nested mapping as lines of path and value."""
    if isinstance(tree, Mapping):
        parts = ((f"{path}.{key}" if path else str(key), value) for key, value in tree.items())
        return tuple(line for name, value in parts for line in flatten(value, name))
    if isinstance(tree, (list, tuple)):
        return tuple(
            line for place, value in enumerate(tree, 1) for line in flatten(value, f"{path}[{place}]")
        )
    return ((path, "" if tree is None else str(tree)),)
