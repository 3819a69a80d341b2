"""The measuring frame of a study: scores, gold and the population's counts, brought together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.errors import DataError, MismatchError, SettingsError, quoted
from headwinds.study.data import CheckedStudy
from headwinds.study.settings import GroupSettings, StudySettings

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame, Population
    from headwinds.study.answers import Form


MOST_DIGITS = 18
"""Of a whole number that 64 bits hold whatever its digits."""


def read_frame(settings: StudySettings, checked: CheckedStudy, scores: Path) -> Frame:
    """Join a study's corpus, its scores and its gold.

    Raises
    ------
    MismatchError
        Scores and corpus are not the same passages.
    """
    import numpy as np
    import pyarrow.parquet as pq

    from headwinds.measure.frame import make_frame

    corpus = pq.read_table(checked.corpus_path)
    scored = pq.read_table(scores)
    if not scored["passage_id"].equals(corpus["passage_id"]):
        raise MismatchError(
            f"{scores} does not score the passages of the corpus, one by one.", remedy="Score it again."
        )
    form = checked.form
    probability, label = predictions_of(scored, form, scores)
    strata = corpus["stratum"].to_pylist() if "stratum" in corpus.column_names else ["all"] * corpus.num_rows
    keys = {name: corpus[name].to_numpy(zero_copy_only=False) for name in settings.corpus.keys}
    keys |= {group.name: group_values(group, keys) for group in settings.group}
    inclusion = checked.gold["inclusion_probability"].to_numpy()
    return make_frame(
        document_ids=np.array(corpus["document_id"].to_pylist()),
        strata=np.array(strata),
        keys=keys,
        weight=corpus["weight"].to_numpy(),
        probability=probability,
        label=label,
        gold_rows=checked.gold["row"].to_numpy(),
        gold_labels=checked.found(),
        inclusion_probability=None if np.isnan(inclusion).all() else inclusion,
        label_names=form.names,
        kind="score" if form.kind == "graded" else form.kind,
        value_range=(0.0, float(form.grades)) if form.kind == "graded" else (0.0, 1.0),
        population=read_population(settings) if settings.corpus.population else None,
    )


def read_predictions(
    path: Path, passage_ids: Sequence[str], form: Form
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Other scores of the same passages: see `predictions_of`.

    Raises
    ------
    MismatchError
        They are not of the same passages, one by one, or not of these labels.
    DataError
        A value lies outside its range, or the classes of a passage do not add up to one.
    """
    import pyarrow.parquet as pq

    scored = pq.read_table(path)
    if "passage_id" not in scored.column_names:
        raise MismatchError(f"{path} has no column passage_id.", remedy="Score the same corpus.")
    if scored["passage_id"].to_pylist() != list(passage_ids):
        raise MismatchError(
            f"{path} does not score the passages of the corpus, one by one.", remedy="Score the same corpus."
        )
    return predictions_of(scored, form, path)


def predictions_of(scored: pa.Table, form: Form, path: Path) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Probabilities and decisions, each of shape (passages, labels); of grades both are the predicted grade.

    Raises
    ------
    MismatchError
        They are not of the labels of the study.
    DataError
        A value lies outside its range, or the classes of a passage do not add up to one.
    """
    import numpy as np

    from headwinds.measure.label_kinds import SUM_TOLERANCE

    prefix, most = ("score_", float(form.grades)) if form.kind == "graded" else ("probability_", 1.0)
    missing = [name for name in form.names if f"{prefix}{name}" not in scored.column_names]
    if missing:
        there = [name.removeprefix(prefix) for name in scored.column_names if name.startswith(prefix)]
        raise MismatchError(
            f"{path} has no column {prefix}{missing[0]}; it scores {', '.join(there) or 'nothing'}.",
            remedy="Score the corpus with a model of the study's own labels (`headwinds score`).",
        )
    values = np.column_stack([scored[f"{prefix}{name}"].to_numpy() for name in form.names]).astype(np.float64)
    bad = ~((values >= 0) & (values <= most))
    total = values.sum(axis=1)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            f"{path}, row {row + 1}: {prefix}{form.names[column]} = {values[row, column]}, expected from 0 to {most:g}.",
            remedy="Score the corpus again.",
        )
    if form.kind == "multi-class" and (np.abs(total - 1) > SUM_TOLERANCE).any():
        row = int(np.flatnonzero(np.abs(total - 1) > SUM_TOLERANCE)[0])
        raise DataError(
            f"{path}, row {row + 1}: the probabilities of the classes add up to {total[row]:.4g}, expected 1.",
            remedy="Score the corpus with a model that gives one class.",
        )
    if form.kind == "graded":
        return values, values
    if all(f"label_{name}" in scored.column_names for name in form.names):
        columns = [scored[f"label_{name}"].to_numpy(zero_copy_only=False) for name in form.names]
        return values, np.column_stack(columns).astype(bool)
    if form.kind == "multi-class":
        return values, values.argmax(axis=1)[:, None] == np.arange(len(form.names))
    return values, values >= 0.5


def group_values(group: GroupSettings, keys: dict[str, NDArray[Any]]) -> NDArray[np.str_]:
    """The group of each passage.

    Raises
    ------
    SettingsError
        The group is made from a key that the corpus does not have, or a member stands in two groups.
    """
    import numpy as np

    if group.key not in keys:
        raise SettingsError(
            f"[[group]] {group.name!r} is made from {group.key!r}, which is none of the corpus's keys ({', '.join(keys)}).",
            remedy="Name one of them as key.",
        )
    place: dict[str, str] = {}
    for name, members in group.groups.items():
        for member in members:
            if member in place:
                raise SettingsError(
                    f"[[group]] {group.name!r}: {member!r} stands in {place[member]!r} and in {name!r}.",
                    remedy="Keep it in one of them.",
                )
            place[member] = name
    return np.array([place.get(str(value), group.other) for value in keys[group.key]])


def read_population(settings: StudySettings) -> Population:
    """The population's number of passages by stratum and keys.

    Raises
    ------
    SettingsError, DataError
        The file is not there, a column is missing, or a row is damaged: its line is told.
    """
    import numpy as np

    from headwinds.corpus.reading import join_stratum, require_columns
    from headwinds.corpus.records import read_records
    from headwinds.measure.frame import Population

    path = settings.locate(settings.corpus.population, setting="corpus.population")
    columns, records = read_records(path)
    require_columns(path, columns, [*settings.corpus.stratum, *settings.corpus.keys, "passages"])
    rows, strata = [], []
    for record in records:
        stratum, problem = join_stratum(record.values, () if record.problem else settings.corpus.stratum)
        if record.problem or problem:
            raise DataError(
                f"{path}, line {record.row}: {record.problem or problem}.", remedy="Mend the line."
            )
        count = str(record.values["passages"])
        if not count.isdecimal():
            raise DataError(
                f"{path}, line {record.row}: passages = {quoted(count)}, expected a whole number.",
                remedy="It is how many passages the population has there.",
            )
        rows.append(record.values)
        strata.append(stratum or "all")
    keys: dict[str, NDArray[Any]] = {
        name: key_values([row[name] for row in rows]) for name in settings.corpus.keys
    }
    keys |= {group.name: group_values(group, keys) for group in settings.group}
    return Population(np.array(strata), keys, np.array([float(row["passages"]) for row in rows]))


def key_values(values: Sequence[Any]) -> NDArray[Any]:
    """A key as whole numbers if all of its values are, else as text."""
    import numpy as np

    text = [str(value) for value in values]
    if all(_is_whole(value) for value in text):
        return np.array([int(value) for value in text])
    return np.array(text)


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number as it would be written, and one that 64 bits hold."""
    digits = text.removeprefix("-")
    return len(digits) <= MOST_DIGITS and digits.isdecimal() and str(int(text)) == text
