"""What a line of gold says of its passage: any labels, exactly one, or a grade for each."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.contracts.gold import KINDS
from headwinds.contracts.suggestions import nearest
from headwinds.corpus.reading import require_columns
from headwinds.errors import DataError, SettingsError, quoted

if TYPE_CHECKING:
    from headwinds.corpus.records import Record

LARGEST_GRADE = 100


@dataclass(frozen=True, slots=True)
class Answers:
    """What the lines of a file may say, and where they say it.

    Attributes
    ----------
    names
        The labels, classes or scales, in order.
    kind
        One of `headwinds.contracts.gold.KINDS`.
    grades
        The highest grade where graded; the lowest is 0.
    origin
        Where the names come from, for messages.
    """

    path: Path
    names: tuple[str, ...]
    kind: str = "multi-label"
    grades: int = 3
    origin: str = "the codebook"


def check_kind(kind: str, grades: int) -> None:
    """Refuse a kind of answers that there is not, and a scale without steps.

    Raises
    ------
    SettingsError
        One of these.
    """
    if kind not in KINDS:
        raise SettingsError(f"kind = {kind!r} cannot be used: expected one of {', '.join(KINDS)}.")
    if not 1 <= grades <= LARGEST_GRADE:
        raise SettingsError(
            f"grades = {grades} cannot be used: expected the highest grade, from 1 to {LARGEST_GRADE}."
        )


def answer_columns(answers: Answers, columns: Sequence[str]) -> str:
    """The column that holds the answers, "" where each label has its own.

    Raises
    ------
    DataError
        There is neither.
    """
    if answers.kind == "graded":
        choices: tuple[str, ...] = ("grades",)
    else:
        choices = ("labels", "label") if answers.kind == "multi-class" else ("labels",)
    for name in choices:
        if name in columns:
            return name
    if set(answers.names) <= set(columns):
        return ""
    if answers.kind == "graded":
        require_columns(answers.path, columns, answers.names)
    require_columns(answers.path, columns, choices[:1])
    return choices[0]  # pragma: no cover - one of the two has raised


def read_answer(answers: Answers, record: Record, column: str) -> list[float]:
    """A number a label: 1 where it holds and 0 where not, or its grade.

    Raises
    ------
    DataError
        A label is unknown, a class is missing or one of several, or a grade lies outside its scale. The line is told.
    """
    if answers.kind == "graded":
        return _grades(answers, record, column)
    given = _names(answers, record, column) if column else _by_column(answers, record)
    held = _held(answers, record, given)
    if answers.kind == "multi-class" and sum(held) != 1:
        raise DataError(
            f"{answers.path}, line {record.row}: the passage has {int(sum(held))} classes, expected one.",
            remedy="Give one class to each passage; if several may hold at once, the kind is 'multi-label'.",
        )
    return held


def _names(answers: Answers, record: Record, column: str) -> list[str]:
    value = record.values.get(column)
    if value is None:
        raise DataError(
            f"{answers.path}, line {record.row}: {column} is missing.",
            remedy="Every passage has a class."
            if answers.kind == "multi-class"
            else "Write an empty list where no label applies.",
        )
    if isinstance(value, str):
        return [part.strip() for part in re.split("[;；]", value) if part.strip()]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise DataError(
        f"{answers.path}, line {record.row}: {column} is {quoted(value)}, expected a list of label names.",
        remedy='For instance ["growth"], or [] where no label applies.',
    )


def _by_column(answers: Answers, record: Record) -> list[str]:
    given = []
    for name in answers.names:
        value = str(record.values.get(name)).strip().lower()
        if value not in ("0", "1", "true", "false", "0.0", "1.0"):
            raise DataError(
                f"{answers.path}, line {record.row}: {name} = {quoted(record.values.get(name))}, expected 0 or 1.",
                remedy="1 where the label applies, 0 where it does not; grades are of kind 'graded'.",
            )
        if value in ("1", "true", "1.0"):
            given.append(name)
    return given


def _held(answers: Answers, record: Record, given: Sequence[str]) -> list[float]:
    for name in given:
        _known(answers, record, name)
    return [float(name in given) for name in answers.names]


def _known(answers: Answers, record: Record, name: str) -> None:
    if name in answers.names:
        return
    what = "class" if answers.kind == "multi-class" else "label"
    raise DataError(
        f"{answers.path}, line {record.row}: {what} {quoted(name)} is not in {answers.origin}."
        f"{nearest(name, answers.names)}",
        remedy=f"It has {', '.join(answers.names)}.",
    )


def _grades(answers: Answers, record: Record, column: str) -> list[float]:
    given: Any = record.values.get(column) if column else record.values
    if not isinstance(given, Mapping):
        raise DataError(
            f"{answers.path}, line {record.row}: {column} is {quoted(given)}, expected a grade for each of "
            f"{', '.join(answers.names)}.",
            remedy=f'For instance {{"{answers.names[0]}": 2}}, or a column for each.',
        )
    if column:
        for name in given:
            _known(answers, record, str(name))
    return [_grade(answers, record, name, given.get(name)) for name in answers.names]


def _grade(answers: Answers, record: Record, name: str, value: Any) -> float:
    try:
        grade = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        grade = math.nan
    if not 0 <= grade <= answers.grades:
        raise DataError(
            f"{answers.path}, line {record.row}: the grade of {name} is {quoted(value)}, expected a number from 0 to "
            f"{answers.grades}.",
            remedy="Mend it, or give the highest grade of the scale (grades); leave out passages that were not read.",
        )
    return grade
