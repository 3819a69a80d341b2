"""The report: one page that opens without a network, with every figure and table beside it as files."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.write import write_bytes
from headwinds.report.anchors import anchors_of, passages_anchor
from headwinds.report.localised import in_language
from headwinds.report.messages import Messages, load_messages

if TYPE_CHECKING:
    import jinja2

    from headwinds.contracts import KeyValue
    from headwinds.report.cells import ReportTable
    from headwinds.report.content import PassageTrace, ReportContent
    from headwinds.report.figures.gallery import DrawnFigure


BROAD, WIDE = 400, 600
"""Points beyond which a picture gets more of the page, so that its letters are not smaller than those of others."""


@dataclass(frozen=True, slots=True)
class PassageGroup:
    """The passages behind one point, where they stand on the page, and how many there are in all."""

    anchor: str
    keys: tuple[str, ...]
    values: tuple[KeyValue, ...]
    cell: str
    trace: PassageTrace | None


def write_report(content: ReportContent, directory: Path, *, language: str = "en") -> None:
    """Write the report into a folder.

    Parameters
    ----------
    content
        What the report shows.
    directory
        An existing folder, filled by this call alone; the caller makes it appear at once or not at all.
    language
        Of the page's own words; a catalogue of it must exist.

    Raises
    ------
    SettingsError
        If the language is unknown.
    MismatchError
        If a table lacks a column that the page needs, or a label is not in the codebook.
    StorageError
        If a file cannot be written.
    """
    for name, data in render_report(content, language=language).items():
        write_bytes(directory / name, data)


def render_report(content: ReportContent, *, language: str = "en") -> dict[str, bytes]:
    """Every file of the report by its path in the folder: the same content gives the same bytes.

    Raises
    ------
    SettingsError, MismatchError
        As `write_report`.
    """
    from headwinds.report.answer import answer_sentences
    from headwinds.report.figures.gallery import draw_figures
    from headwinds.report.files import csv_bytes, json_bytes, parquet_bytes
    from headwinds.report.results import results
    from headwinds.report.tables import make_tables

    messages = load_messages(language, content.kind, content.grades)
    content = in_language(content, language)
    limits = limits_of(content, messages)
    tables = make_tables(content, messages)
    groups = passage_groups(content)
    anchors = anchors_of(groups)
    figures = draw_figures(content, tables, anchors, messages)
    answer = answer_sentences(content, tables, messages)
    files = {
        "report.html": _html(content, tables, figures, groups, answer, limits, messages).encode(
            "utf-8", "replace"
        ),
        "results.json": json_bytes(results(content, tables, answer, limits)),
        "provenance.json": json_bytes(content.provenance),
    }
    for figure in figures.values():
        files[f"figures/{figure.name}.svg"] = figure.svg
        files[f"figures/{figure.name}.png"] = figure.png
    for table in tables.values():
        files[f"tables/{table.name}.csv"] = csv_bytes(table)
        files[f"tables/{table.name}.parquet"] = parquet_bytes(table)
    return files


def limits_of(content: ReportContent, messages: Messages) -> tuple[str, ...]:
    """The study's own limits, or that it names none; then those that hold for any study. No setting leaves them out."""
    own = tuple(limit.strip() for limit in content.limits if limit.strip())
    general = tuple(messages(f"limit_{name}") for name in ("association", "model", "labels", "texts"))
    gold = messages("limit_gold", gold_provenance=content.check.gold_provenance)
    return (*(own or (messages("limit_unsaid"),)), gold, *general)


def passage_groups(content: ReportContent) -> dict[str, tuple[PassageGroup, ...]]:
    """By label, the passages behind every point of the indicators with one key, and any other trace that was given."""
    traces = {(trace.label, _keys_of(trace, content), trace.cell): trace for trace in content.passages}
    points: dict[tuple[str, tuple[str, ...], tuple[KeyValue, ...]], None] = dict.fromkeys(
        (label, figure.corrected.keys, cell)
        for figure in content.indicators
        if len(figure.corrected.keys) == 1
        for label, cell in zip(figure.corrected.labels, figure.corrected.cells, strict=True)
    )
    points |= dict.fromkeys(traces)
    # A cell of one index may be called as that of another is, a decade as its first year.
    alike = Counter((label, tuple(map(str, cell))) for label, _, cell in points)
    found: dict[str, list[PassageGroup]] = {label: [] for label in content.codebook.names}
    for label, keys, cell in points:
        if label not in found:
            continue
        shared = alike[label, tuple(map(str, cell))] > 1
        named = " / ".join(
            f"{key} {value}" if shared else str(value) for key, value in zip(keys, cell, strict=True)
        )
        anchor = passages_anchor(label, cell, keys if shared else ())
        found[label].append(PassageGroup(anchor, keys, cell, named, traces.get((label, keys, cell))))
    return {label: tuple(groups) for label, groups in found.items()}


def _keys_of(trace: PassageTrace, content: ReportContent) -> tuple[str, ...]:
    if trace.keys:
        return trace.keys
    every = (figure.corrected.keys for figure in content.indicators)
    return next((keys for keys in every if len(keys) == len(trace.cell)), ("",) * len(trace.cell))


def _html(
    content: ReportContent,
    tables: Mapping[str, ReportTable],
    figures: Mapping[str, DrawnFigure],
    groups: Mapping[str, tuple[PassageGroup, ...]],
    answer: tuple[str, ...],
    limits: tuple[str, ...],
    messages: Messages,
) -> str:
    from markupsafe import Markup

    from headwinds.report.sections import page_sections

    environment, read = page_environment()
    assets = {name: read(name) for name in ("style.css", "page.js")}
    script = assets["page.js"]
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return environment.get_template("report.html.j2").render(
        content=content,
        messages=messages,
        t=messages,
        sections=page_sections(content, tables, groups, messages),
        figures={name: Markup(figure.inline) for name, figure in figures.items()},  # noqa: S704 - escaped when drawn
        drawn=figures,
        answer=answer,
        limits=limits,
        css=Markup(assets["style.css"]),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=digest,
    )


def page_environment() -> tuple[jinja2.Environment, Callable[[str], str]]:
    """Where templates come from, everything escaped; and how a file beside them is read as it stands."""
    import jinja2

    loader = jinja2.PackageLoader("headwinds.report", "templates")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breadth"] = breadth
    return environment, lambda name: loader.get_source(environment, name)[0]


def breadth(svg: str) -> str:
    """The class of a figure's element, by how wide its picture was drawn; nothing for the usual width."""
    from markupsafe import Markup

    found = re.search(r'viewBox="0 0 ([0-9.]+) ', svg)
    width = float(found[1]) if found else 0.0
    return Markup(' class="wide"') if width > WIDE else Markup(' class="broad"') if width > BROAD else ""
