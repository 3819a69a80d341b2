"""A number of a study, or of a user's own scores, traced to its passages and documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.result import number
from headwinds.errors import SettingsError
from headwinds.study.scores_file import ScoresFile, read_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.contracts.indicator import KeyValue
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.trace import Trace
    from headwinds.study.run import StudyRun


@dataclass(frozen=True, slots=True)
class Point:
    """A cell of an index and a label: "label=divide, year=1998"."""

    label: str
    keys: tuple[str, ...]
    cell: tuple[KeyValue, ...]


def read_point(text: str, *, label: str = "") -> Point:
    """Read ``label=..., key=value, ...``; `label` stands in where it is not said.

    Raises
    ------
    SettingsError
        It is not of that form, or names no label.
    """
    given: dict[str, str] = {}
    for part in text.split(","):
        name, separator, value = (one.strip() for one in part.partition("="))
        if not separator or not name or not value or name in given:
            raise SettingsError(
                f"{text!r} names no cell: {part.strip()!r} is not KEY=VALUE, or stands twice.",
                remedy="For instance label=divide,year=1998.",
            )
        given[name] = value
    chosen = given.pop("label", label)
    if not chosen:
        raise SettingsError(f"{text!r} names no label.", remedy="For instance label=divide,year=1998.")
    values = tuple(int(value) if value.lstrip("-").isdecimal() else value for value in given.values())
    return Point(chosen, tuple(given), values)


def trace_study(run: StudyRun, point: Point, to: Point | None = None, *, limit: int = 20) -> Trace:
    """Trace a number of a study that was run until `measure`.

    Raises
    ------
    MismatchError, SettingsError
        There is no such key, cell or label.
    """
    import pyarrow.parquet as pq

    from headwinds.study.frame import read_frame

    frame = read_frame(run.settings, run.checked, run.results["score"].path / "scores.parquet")
    corpus = pq.read_table(run.checked.corpus_path, columns=["passage_id", "text"])
    return _trace(frame, point, to, limit, corpus["passage_id"].to_pylist(), corpus["text"].to_pylist())


def trace_file(
    scores: ScoresFile, gold: Path, point: Point, to: Point | None = None, *, limit: int = 20
) -> Trace:
    """Trace a number measured from a file of scores and one of gold.

    Raises
    ------
    DataError, MismatchError, SettingsError
        As `measure_file`; or there is no such key, cell or label.
    """
    from headwinds.corpus.records import read_records

    frame = read_scores(replace(scores, by=(point.keys,)), gold)
    rows = list(read_records(scores.path, encoding=scores.encoding)[1])
    ids = [str(row.values[scores.passage_id]) for row in rows]
    return _trace(frame, point, to, limit, ids, [str(row.values.get("text", "")) for row in rows])


def save_trace(trace: Trace, path: Path, *, for_spreadsheets: bool = False) -> None:
    """Write the rows of a trace as CSV.

    Ids and texts are written as they came; with `for_spreadsheets` with an apostrophe before those that a spreadsheet would
    take for formulas.
    """
    from headwinds.artifacts.csv_cells import table_text
    from headwinds.artifacts.write import write_text

    write_text(path, table_text(trace.table, for_spreadsheets=for_spreadsheets))


def _trace(
    frame: Frame, point: Point, to: Point | None, limit: int, ids: Sequence[str], texts: Sequence[str]
) -> Trace:
    from headwinds.measure.cells import make_cells
    from headwinds.measure.trace import trace_cell, trace_jump

    if limit < 1:
        raise SettingsError(f"limit = {limit} cannot be used: expected at least 1.")
    cells = make_cells(frame, point.keys)
    if to is not None:
        if to.keys != point.keys or to.label != point.label:
            raise SettingsError(
                "the two cells of a jump must have the same keys, in the same order, and one label."
            )
        jump = trace_jump(frame, cells, point.cell, to.cell, point.label, limit=limit)
        return replace(jump, findings=(*jump.findings, *_other_estimator(frame, cells, point, to)))
    found = trace_cell(frame, cells, point.cell, point.label, limit=limit)
    found = replace(found, findings=(*found.findings, *_other_estimator(frame, cells, point, to)))
    table = found.table.copy()
    table.insert(0, "passage_id", [ids[row] for row in table["row"]])
    table["text"] = [" ".join(texts[row].split()) for row in table["row"]]
    return replace(found, table=table.drop(columns="row"))


def _other_estimator(frame: Frame, cells: Cells, point: Point, to: Point | None) -> tuple[Finding, ...]:
    """That the index has another number, where its cells are such that another estimator is chosen for them."""
    from headwinds.measure.registry import choose_estimator
    from headwinds.measure.shares import estimate_shares

    name, _ = choose_estimator(frame, cells)
    if name == "difference":
        return ()
    index = estimate_shares(frame, cells, name)
    value = dict(zip(zip(index.labels, index.cells, strict=True), index.value.tolist(), strict=True))
    there = value[point.label, point.cell]
    told = there if to is None else value[to.label, to.cell] - there
    return (
        Finding(
            "N355",
            f"This takes the number of the estimator 'difference' apart. For such cells an index is by default that of "
            f"'{name}', where the number is {number(told, 5)}.",
        ),
    )
