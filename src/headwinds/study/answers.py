"""What the answers of a study are: any labels, one class, or grades; and what a model learns of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Gold
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    from headwinds.study.settings import StudySettings

CLASSIFIES = ("text-classification", "ordinal-classification")
"""Tasks whose models score the passages of a study."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a study's answers.

    Attributes
    ----------
    names
        Labels, classes or scales in the codebook's order.
    kind
        One of `headwinds.contracts.gold.KINDS`.
    grades
        The highest grade where graded; the lowest is 0.
    """

    names: tuple[str, ...]
    kind: str = "multi-label"
    grades: int = 3

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the model tells apart: the labels, or where graded the grades of the one scale."""
        if self.kind == "graded":
            return tuple(str(grade) for grade in range(self.grades + 1))
        return self.names

    @property
    def shown(self) -> tuple[str, ...]:
        """The outputs as a reader takes them: "optimism = 2"."""
        if self.kind == "graded":
            return tuple(f"{self.names[0]} = {grade}" for grade in self.outputs)
        return self.names

    @property
    def several(self) -> bool:
        """Whether any number of the outputs may hold at once."""
        return self.kind == "multi-label"


def check_form(settings: StudySettings) -> None:
    """Hold the form of the answers against the model's task and the estimator, before anything is tuned.

    Raises
    ------
    SettingsError
        The task tells no labels of passages apart, or not in this form; the estimator cannot be used with it.
    """
    from headwinds.measure.registry import CONSTANT_ERROR

    kind, task = settings.codebook.kind, settings.tune.task
    if task not in CLASSIFIES:
        raise SettingsError(
            f"{settings.file}: task = {task!r} under [tune] gives no label to a passage, so nothing can be counted.",
            remedy=f"A study takes {' or '.join(CLASSIFIES)}.",
        )
    if task == CLASSIFIES[1] and kind == "multi-label":
        raise SettingsError(
            f"{settings.file}: task = {task!r} gives each passage one label, and the codebook's kind is 'multi-label'.",
            remedy="Set kind = 'graded' or 'multi-class' under [codebook], or task = 'text-classification'.",
        )
    refused = (*CONSTANT_ERROR, "error-curve") if kind == "graded" else ()
    if settings.measure.estimator in refused:
        raise SettingsError(
            f"{settings.file}: estimator = {settings.measure.estimator!r} takes error rates, and grades have none.",
            remedy="Use 'auto', 'difference', 'small-area', 'prediction-powered' or 'labelled-only'.",
        )


def read_as(gold: Gold, form: Form) -> Gold:
    """Gold in the model's outputs: as it is, or where graded the grade of each passage as a class of its own.

    Raises
    ------
    SettingsError
        The codebook has several scales, and a model learns one.
    DataError
        A grade is no whole number.
    """
    import numpy as np

    if form.kind != "graded" or gold.grades is None:
        return gold
    if len(form.names) != 1:
        raise SettingsError(
            f"The codebook has {len(form.names)} scales ({', '.join(form.names)}), and a study learns one.",
            remedy="Make a study for each; or score them with any classifier, and `headwinds measure --scores`.",
        )
    found = gold.grades[:, 0]
    broken = np.flatnonzero(found != np.round(found))
    if len(broken):
        raise DataError(
            f"Passage {gold.passage_ids[broken[0]]!r} has the grade {found[broken[0]]:g}, expected a whole number "
            f"(such passages: {len(broken):,}).",
            remedy="Settle differences between readers before the grades are used.",
        )
    return Gold(
        gold.passage_ids,
        form.outputs,
        found[:, None] == np.arange(form.grades + 1),
        gold.inclusion_probability,
        gold.stratum,
    )
