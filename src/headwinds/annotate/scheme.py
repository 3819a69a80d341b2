"""What an answer may say: any of the labels, exactly one of them, or a grade for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwinds.contracts.gold import KINDS
from headwinds.errors import SettingsError

LARGEST_GRADE = 9
"""A grade is one key on the keyboard."""


class AnswerError(ValueError):
    """An answer that the scheme does not allow; the message is for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The form of an answer.

    Attributes
    ----------
    kind
        "multi-label": any labels, none too. "multi-class": exactly one. "graded": for each label a grade from 0.
    labels
        Their names, in the codebook's order.
    grades
        The number of the highest grade where graded (0 is "not at all"); 1 otherwise.
    """

    kind: str
    labels: tuple[str, ...]
    grades: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SettingsError(
                f"kind = {self.kind!r} cannot be used.", remedy=f"It is one of {', '.join(KINDS)}."
            )
        if self.kind == "multi-class" and len(self.labels) < 2:
            raise SettingsError(
                "A multi-class codebook has one label only.",
                remedy="Define at least two, one of which fits every passage.",
            )
        if not 1 <= self.grades <= LARGEST_GRADE:
            raise SettingsError(
                f"grades = {self.grades} cannot be used.",
                remedy=f"The highest grade is from 1 to {LARGEST_GRADE}.",
            )


def check_answer(scheme: Scheme, answer: Any) -> dict[str, Any]:
    """The answer in its one form: ``{"labels": [...]}`` in the codebook's order, or ``{"grades": {label: grade}}``.

    Raises
    ------
    AnswerError
        It has another form, an unknown label, one twice, or (multi-class) not exactly one.
    """
    if not isinstance(answer, Mapping):
        raise AnswerError("the answer is not an object")
    if scheme.kind == "graded":
        return {"grades": _grades(scheme, answer.get("grades"))}
    labels = answer.get("labels")
    if not isinstance(labels, Sequence) or isinstance(labels, str):
        raise AnswerError("labels is not a list")
    unknown = [label for label in labels if not isinstance(label, str) or label not in scheme.labels]
    if unknown:
        raise AnswerError("a label is not in the codebook")
    if len(set(labels)) != len(labels):
        raise AnswerError("a label stands there twice")
    if scheme.kind == "multi-class" and len(labels) != 1:
        raise AnswerError(f"exactly one label is expected, found {len(labels)}")
    return {"labels": [label for label in scheme.labels if label in labels]}


def _grades(scheme: Scheme, grades: Any) -> dict[str, int]:
    if not isinstance(grades, Mapping) or set(grades) != set(scheme.labels):
        raise AnswerError("grades must have every label of the codebook once")
    for grade in grades.values():
        if type(grade) is not int or not 0 <= grade <= scheme.grades:
            raise AnswerError(f"a grade is a whole number from 0 to {scheme.grades}")
    return {label: grades[label] for label in scheme.labels}


def values(scheme: Scheme, answer: Mapping[str, Any]) -> tuple[int, ...]:
    """A number a label: its grade, or whether it was given."""
    if scheme.kind == "graded":
        return tuple(answer["grades"][label] for label in scheme.labels)
    return tuple(int(label in answer["labels"]) for label in scheme.labels)


def labels_of(scheme: Scheme, answer: Mapping[str, Any], *, threshold: int = 1) -> list[str]:
    """The labels that were given; where graded, those with at least the grade `threshold`."""
    return [
        label
        for label, value in zip(scheme.labels, values(scheme, answer), strict=True)
        if value >= (threshold if scheme.kind == "graded" else 1)
    ]
