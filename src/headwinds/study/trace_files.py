"""A number of a study, or of a user's own scores, traced to its passages and documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.result import number
from headwinds.errors import SettingsError
from headwinds.measure.settings import EstimatorSettings
from headwinds.study.frame import key_values
from headwinds.study.scores_file import TEXT, ScoresFile, read_scores

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwinds.contracts.indicator import Indicator, KeyValue
    from headwinds.measure.frame import Frame
    from headwinds.measure.trace import Trace
    from headwinds.study.run import StudyRun

SAME = 1e-9
"""Numbers that lie no farther apart are one."""


@dataclass(frozen=True, slots=True)
class Point:
    """A cell of an index and a label: "label=divide, year=1998"."""

    label: str
    keys: tuple[str, ...]
    cell: tuple[KeyValue, ...]


def read_point(text: str, *, label: str = "") -> Point:
    """Read ``label=..., key=value, ...``; `label` stands in where it is not said.

    A value of a key may hold commas ("country=Korea, Republic of"): what follows one and has no "=" belongs to it.

    Raises
    ------
    SettingsError
        It is not of that form, or names no label.
    """
    given: dict[str, str] = {}
    last = ""
    for part in text.split(","):
        name, separator, value = (one.strip() for one in part.partition("="))
        if last not in ("", "label") and not separator and name:
            given[last] += f",{part.rstrip()}"
            continue
        if not separator or not name or not value or name in given:
            raise SettingsError(
                f"{text!r} names no cell: {part.strip()!r} is not KEY=VALUE, or stands twice.",
                remedy="For instance label=divide,year=1998.",
            )
        given[name], last = value, name
    chosen = given.pop("label", label)
    if not chosen:
        raise SettingsError(f"{text!r} names no label.", remedy="For instance label=divide,year=1998.")
    return Point(chosen, tuple(given), tuple(key_values([value])[0].item() for value in given.values()))


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

    def read(rows: list[int]) -> tuple[list[str], list[str]]:
        found = corpus.take(rows)
        return found["passage_id"].to_pylist(), found["text"].to_pylist()

    least = run.settings.measure.minimum_gold
    found = _trace(frame, point, to, limit, read, EstimatorSettings(minimum_gold=least))
    return replace(found, findings=(*found.findings, *_other_number(run, found.value, point, to)))


def trace_file(
    scores: ScoresFile, gold: Path, point: Point, to: Point | None = None, *, limit: int = 20
) -> Trace:
    """Trace a number measured from a file of scores and one of gold.

    Raises
    ------
    DataError, MismatchError, SettingsError
        As `measure_file`; or there is no such key, cell or label.
    """
    frame = read_scores(replace(scores, by=(point.keys,)), gold)
    settings = EstimatorSettings()
    if scores.path.is_dir():
        found = _trace(frame, point, to, limit, lambda rows: _in_parts(scores, rows), settings)
        names = _documents(scores)
        table = found.table.assign(document_id=[names[int(code)] for code in found.table["document_id"]])
        found = replace(found, table=table)
    else:
        found = _trace(frame, point, to, limit, lambda rows: _in_file(scores, rows), settings)
    return replace(found, findings=(*found.findings, *_other_estimator(frame, point, to)))


def _in_file(scores: ScoresFile, rows: list[int]) -> tuple[list[str], list[str]]:
    """The ids and texts of some rows of a file of scores."""
    from headwinds.corpus.records import read_records

    records = list(read_records(scores.path, encoding=scores.encoding)[1])
    return [str(records[row].values[scores.passage_id]) for row in rows], [
        str(records[row].values.get(TEXT) or "") for row in rows
    ]


def _in_parts(scores: ScoresFile, rows: list[int]) -> tuple[list[str], list[str]]:
    """The same of a folder of parts."""
    from headwinds.study.scored_parts import open_parts

    parts = open_parts(scores.path, [scores.passage_id])
    columns = [name for name in (scores.passage_id, TEXT) if name in parts.names]
    found = parts.read(columns).take(rows).to_pylist()
    return [str(row[scores.passage_id]) for row in found], [str(row.get(TEXT) or "") for row in found]


def _documents(scores: ScoresFile) -> list[str]:
    """What the numbers of documents stand for, which is all that a frame of a folder of parts knows of them."""
    from headwinds.study.scored_parts import open_parts

    name = scores.document_id or scores.passage_id
    return open_parts(scores.path, [name]).distinct(name)


def save_trace(trace: Trace, path: Path, *, for_spreadsheets: bool = False) -> None:
    """Write the rows of a trace as CSV.

    Ids and texts are written as they came; with `for_spreadsheets` with an apostrophe before those that a spreadsheet would
    take for formulas.
    """
    from headwinds.artifacts.csv_cells import table_text
    from headwinds.artifacts.write import write_text

    write_text(path, table_text(trace.table, for_spreadsheets=for_spreadsheets))


def _trace(
    frame: Frame,
    point: Point,
    to: Point | None,
    limit: int,
    read: Callable[[list[int]], tuple[list[str], list[str]]],
    settings: EstimatorSettings,
) -> Trace:
    """The trace, with the ids and texts that `read` gives of the rows that are shown."""
    from headwinds.measure.cells import make_cells
    from headwinds.measure.trace import trace_cell, trace_jump

    if limit < 1:
        raise SettingsError(f"limit = {limit} cannot be used: expected at least 1.")
    cells = make_cells(frame, point.keys)
    cell = _spelt(frame, point)
    if to is not None:
        if to.keys != point.keys or to.label != point.label:
            raise SettingsError(
                "the two cells of a jump must have the same keys, in the same order, and one label."
            )
        return trace_jump(frame, cells, cell, _spelt(frame, to), point.label, limit=limit, settings=settings)
    found = trace_cell(frame, cells, cell, point.label, limit=limit, settings=settings)
    table = found.table.copy()
    ids, texts = read([int(row) for row in table["row"]])
    table.insert(0, "passage_id", ids)
    table["text"] = [" ".join(text.split()) for text in texts]
    return replace(found, table=table.drop(columns="row"))


def _spelt(frame: Frame, point: Point) -> tuple[KeyValue, ...]:
    """The cell as the keys have it: "1990" is a text where another value of its key is one."""
    return tuple(
        value if frame.keys[name].dtype.kind in "iu" else str(value)
        for name, value in zip(point.keys, point.cell, strict=True)
    )


def _number_of(index: Indicator, point: Point, keys: tuple[str, ...]) -> float | None:
    """What an index has for a point; None where it has no such cell."""
    wanted = tuple(str(point.cell[point.keys.index(name)]) for name in keys)
    for label, cell, value in zip(index.labels, index.cells, index.value.tolist(), strict=True):
        if label == point.label and tuple(map(str, cell)) == wanted:
            return float(value)
    return None


def _told(index: Indicator, point: Point, to: Point | None) -> float | None:
    """A number of an index, or the jump from it to another."""
    first = _number_of(index, point, index.keys)
    if to is None or first is None:
        return first
    second = _number_of(index, to, index.keys)
    return None if second is None else second - first


def _other_number(run: StudyRun, value: float, point: Point, to: Point | None) -> tuple[Finding, ...]:
    """That the study's index has another number: of another estimator, or of several fits together."""
    from headwinds.measure.indicator_store import read_indicator
    from headwinds.study.stages.measure import index_name

    for by in run.settings.measure.by:
        if sorted(by) != sorted(point.keys):
            continue
        index = read_indicator(run.results["measure"].path / index_name(by) / "chosen")
        there = _told(index, point, to)
        if there is None or abs(there - value) <= SAME:
            return ()
        fits = f", of {len(run.settings.measure.fits) + 1} fits together" if run.settings.measure.fits else ""
        return (
            Finding(
                "N355",
                f"This takes the number of the estimator 'difference' apart. The study's index is that of '{index.method}'"
                f"{fits}, where the number is {number(there, 5)}.",
            ),
        )
    return ()


def _other_estimator(frame: Frame, point: Point, to: Point | None) -> tuple[Finding, ...]:
    """That the index has another number, where its cells are such that another estimator is chosen for them."""
    from headwinds.measure.cells import make_cells
    from headwinds.measure.registry import choose_estimator
    from headwinds.measure.shares import estimate_shares

    cells = make_cells(frame, point.keys)
    name, _ = choose_estimator(frame, cells)
    if name == "difference":
        return ()
    there = _told(estimate_shares(frame, cells, name), point, to)
    if there is None:
        return ()
    return (
        Finding(
            "N355",
            f"This takes the number of the estimator 'difference' apart. For such cells an index is by default that of "
            f"'{name}', where the number is {number(there, 5)}.",
        ),
    )
