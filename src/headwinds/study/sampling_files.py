"""Sampling and planning of labels on a user's own files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.csv_cells import csv_text
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.write import write_json, write_text
from headwinds.corpus.answers import check_kind
from headwinds.corpus.reading import as_word, require_columns
from headwinds.corpus.records import Record, read_records
from headwinds.errors import DataError, MismatchError, SettingsError, quoted
from headwinds.study.environment import STATISTICAL, versions
from headwinds.study.scores_file import PROBABILITY, SCORE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.sampling.draw import Draw

DESIGNS = ("simple", "stratified", "uncertainty")
CHANCE = "inclusion_probability"
CODE = ("headwinds.measure.sampling", "headwinds.study.sampling_files")


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """How to draw the next passages to label.

    Attributes
    ----------
    n
        How many.
    design
        "simple"; "stratified" by `stratum` columns, `screen` and `score_bins`; "uncertainty": in proportion to the
        model's uncertainty, which needs columns ``probability_<label>``.
    allocation
        Of a stratified draw: "neyman" (needs probabilities), "proportional" or "equal".
    weight
        Column: how many passages of the population each stands for, where the file is itself a sample (two-phase).
    mix
        Share of an even chance in the uncertainty design, for passages of which the model is wrongly certain.
    kind, grades
        "graded": columns ``score_<label>`` predict a grade from 0 to `grades`; a score in the middle of the scale is the
        most uncertain. Other kinds have probabilities.
    """

    n: int
    design: str = "simple"
    stratum: tuple[str, ...] = ()
    screen: tuple[str, ...] = ()
    score_bins: int = 0
    allocation: str = "neyman"
    selection: str = "systematic"
    mix: float = 0.3
    passage_id: str = "passage_id"
    text: str = "text"
    weight: str = ""
    seed: int = 0
    encoding: str = "utf-8"
    kind: str = "multi-label"
    grades: int = 3

    @property
    def prefix(self) -> str:
        """How the columns of predictions begin."""
        return SCORE if self.kind == "graded" else PROBABILITY

    def __post_init__(self) -> None:
        check_kind(self.kind, self.grades)
        if self.design not in DESIGNS:
            raise SettingsError(
                f"design = {self.design!r} cannot be used: expected one of {', '.join(DESIGNS)}."
            )
        if self.design == "stratified" and not (self.stratum or self.screen or self.score_bins):
            raise SettingsError(
                "a stratified design needs strata.",
                remedy="Name columns (stratum), words (screen) or score_bins.",
            )


@dataclass(frozen=True, slots=True)
class Sampled:
    """What was drawn, and where it stands: ``batch.csv`` to label, ``frame.csv`` with every passage's probability."""

    draw: Draw
    folder: Path
    passage_ids: tuple[str, ...]
    inclusion_probability: NDArray[np.float64]
    """Of the passages drawn, from the population, earlier rounds taken in."""


@dataclass(frozen=True, slots=True)
class _Passages:
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    strata: tuple[tuple[str, ...], ...]
    probability: NDArray[np.float64] | None
    weight: NDArray[np.float64]


def sample_file(source: Path, output: Path, plan: SamplePlan, *, previous: Path | None = None) -> Sampled:
    """Draw the next passages to label from a file of passages or scores, and record every passage's probability.

    Parameters
    ----------
    previous
        Passages that are labelled already (`passage_id`, `inclusion_probability`): they are not drawn again, and
        ``earlier.csv`` has their probabilities after this round, to replace the old ones.

    Raises
    ------
    DataError
        A column is missing or a value out of range: file, line and column are told.
    MismatchError
        An earlier passage is not in the file.
    SettingsError
        The design cannot be drawn.
    """
    import numpy as np

    from headwinds.measure.sampling.rounds import combine_rounds

    passages = _read(source, plan)
    rows, chance = (
        _read_previous(previous, passages.ids) if previous else (np.array([], dtype=np.int64), np.array([]))
    )
    # What is recorded is the chance from the population; within this file it is larger by what each passage stands for.
    inside = np.minimum(chance * passages.weight[rows], 1.0)
    draw = _draw(passages, plan, rows)
    every, combined = combine_rounds(
        rows, inside, draw, stratum=draw.stratum if plan.design == "stratified" else None
    )
    final = combined / passages.weight[every]
    parts = fingerprint(
        source=file_digest(source),
        previous=file_digest(previous) if previous else "",
        plan=asdict(plan),
        code=code_digest(*CODE),
        versions=versions(STATISTICAL),
    )

    def work(folder: Path, _: Path) -> None:
        _write(folder, passages, draw, plan, rows, final)

    with study_lock(output):
        folder = run_stage(output, "sample", parts, work).path
    ids = tuple(passages.ids[row] for row in draw.rows)
    return Sampled(draw, folder, ids, final[len(rows) :])


def _draw(passages: _Passages, plan: SamplePlan, rows: NDArray[np.int64]) -> Draw:
    import numpy as np

    from headwinds.measure.sampling.designs import draw_proportional, draw_simple, draw_stratified
    from headwinds.measure.sampling.rounds import largest_probability
    from headwinds.measure.sampling.strata import join_strata, score_strata, screen_strata, uncertainty

    already = np.zeros(len(passages.ids), dtype=bool)
    already[rows] = True
    if plan.design == "simple":
        return draw_simple(len(passages.ids), plan.n, seed=plan.seed, already=already)
    spread = None
    if passages.probability is not None:
        spread = uncertainty(passages.probability, mix=plan.mix) * passages.weight
    if plan.design == "uncertainty":
        if spread is None:
            raise DataError(
                f"the file has no column {plan.prefix}<label>, and without scores nothing is known to be uncertain.",
                remedy="Score the passages first, or draw a simple or stratified sample.",
            )
        cap = largest_probability(len(rows), plan.n) if len(rows) else 1.0
        return draw_proportional(
            spread, plan.n, seed=plan.seed, already=already, largest=cap, selection=plan.selection
        )
    columns: list[Sequence[Any]] = list(passages.strata)
    if plan.screen:
        columns.insert(0, screen_strata(passages.texts, plan.screen))
    if plan.score_bins:
        if passages.probability is None:
            raise DataError(
                f"score_bins needs columns {plan.prefix}<label>.", remedy="Score the passages first."
            )
        columns.append(score_strata(passages.probability.max(axis=1), plan.score_bins))
    return draw_stratified(
        join_strata(columns),
        plan.n,
        seed=plan.seed,
        already=already,
        spread=spread,
        allocation=plan.allocation,
    )


def _read(source: Path, plan: SamplePlan) -> _Passages:
    import numpy as np

    columns, records = read_records(source, encoding=plan.encoding)
    wanted = [plan.passage_id, *plan.stratum, *([plan.weight] if plan.weight else [])]
    if plan.screen:
        wanted.append(plan.text)
    require_columns(source, columns, wanted)
    scores = [name for name in columns if name.startswith(plan.prefix)]
    most = float(plan.grades) if plan.kind == "graded" else 1.0
    ids: dict[str, int] = {}
    texts, strata, probability, weight = [], [], [], []
    for record in records:
        if record.problem:
            raise DataError(f"{source}, line {record.row}: {record.problem}.", remedy="Mend the line.")
        _add_id(ids, record, plan.passage_id, source)
        texts.append(str(record.values.get(plan.text) or ""))
        strata.append([_stratum(record, name, source) for name in plan.stratum])
        probability.append([_number(record, name, source, 0.0, most) / most for name in scores])
        weight.append(_number(record, plan.weight, source, 1.0, math.inf) if plan.weight else 1.0)
    if not ids:
        raise DataError(f"{source} holds no passage.", remedy="Give it some, one a line.")
    return _Passages(
        tuple(ids),
        tuple(texts),
        tuple(tuple(column) for column in zip(*strata, strict=True)),
        np.array(probability) if scores else None,
        np.array(weight),
    )


def _stratum(record: Record, name: str, source: Path) -> str:
    """A value of a stratum's column, spelt as `measure` will spell it; none is a passage that no gold could speak for."""
    word, problem = as_word(record.values[name], name)
    if problem:
        raise DataError(
            f"{source}, line {record.row}: {problem}.",
            remedy="Fill it in; 'unknown' for instance makes a stratum of its own.",
        )
    return word


def _read_previous(path: Path, ids: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    import numpy as np

    columns, records = read_records(path)
    require_columns(path, columns, ["passage_id", CHANCE])
    place = {name: row for row, name in enumerate(ids)}
    seen: dict[str, int] = {}
    rows, chance = [], []
    for record in records:
        if record.problem:
            raise DataError(f"{path}, line {record.row}: {record.problem}.", remedy="Mend the line.")
        name = _add_id(seen, record, "passage_id", path)
        if name not in place:
            raise MismatchError(
                f"{path}, line {record.row}: passage {name!r} is not in the file that is sampled.",
                remedy="Both must come from the same documents.",
            )
        rows.append(place[name])
        chance.append(_number(record, CHANCE, path, 1e-300, 1.0))
    return np.array(rows, dtype=np.int64), np.array(chance)


def _add_id(ids: dict[str, int], record: Record, column: str, path: Path) -> str:
    value = record.values.get(column)
    name = "" if value is None else str(value)
    if not name.strip() or name in ids:
        what = (
            f"{column} {name!r} stands already in line {ids[name]}" if name in ids else f"{column} is empty"
        )
        raise DataError(
            f"{path}, line {record.row}: {what}.", remedy="One passage a line, each with its own id."
        )
    ids[name] = record.row
    return name


def _number(record: Record, column: str, path: Path, low: float, high: float) -> float:
    try:
        value = float(str(record.values.get(column)))
    except ValueError:
        value = math.nan
    if not (low <= value <= high and math.isfinite(value)):
        words = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
        words = "above 0 and at most 1" if column == CHANCE else words
        raise DataError(
            f"{path}, line {record.row}: {column} = {quoted(record.values.get(column))}, expected a number {words}."
        )
    return value


def _write(
    folder: Path,
    passages: _Passages,
    draw: Draw,
    plan: SamplePlan,
    rows: NDArray[np.int64],
    final: NDArray[np.float64],
) -> None:
    ids, drawn = passages.ids, set(draw.rows.tolist())
    columns = ["passage_id", "text", "stratum", CHANCE, "labels"]
    # The strata's own columns go along: `measure --stratum` looks for them in the labels as in the scores.
    own = [place for place, name in enumerate(plan.stratum) if name not in columns]
    batch = [
        [
            *(ids[row], passages.texts[row], draw.stratum[row], repr(float(chance)), ""),
            *(passages.strata[place][row] for place in own),
        ]
        for row, chance in zip(draw.rows.tolist(), final[len(rows) :], strict=True)
    ]
    columns += [plan.stratum[place] for place in own]
    write_text(folder / "batch.csv", csv_text(columns, batch))
    frame = [
        [
            ids[row],
            draw.stratum[row],
            repr(float(draw.inclusion_probability[row] / passages.weight[row])),
            int(draw.already[row]),
            int(row in drawn),
        ]
        for row in range(len(ids))
    ]
    write_text(folder / "frame.csv", csv_text(["passage_id", "stratum", CHANCE, "labelled", "drawn"], frame))
    if len(rows):
        earlier = [[ids[row], repr(float(chance))] for row, chance in zip(rows.tolist(), final, strict=False)]
        write_text(folder / "earlier.csv", csv_text(["passage_id", CHANCE], earlier))
    facts = {"plan": asdict(plan), "design": draw.design, "drawn": len(draw), "labelled": len(rows)}
    write_json(folder / "design.json", facts)
