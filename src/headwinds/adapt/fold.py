"""One fold: fit a model on its training passages, calibrate it on its validation passages, save it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.fitting import FittingData, fit_model
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.tasks.text_classification import LabelledText
from headwinds.artifacts.fingerprint import fingerprint
from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Gold passages with their texts; `truth` has shape (passages, labels), and without `several` one label a passage."""

    passage_ids: tuple[str, ...]
    document_ids: tuple[str, ...]
    texts: tuple[str, ...]
    label_names: tuple[str, ...]
    truth: NDArray[np.bool_]
    stratum: tuple[str, ...]
    several: bool = True


@dataclass(frozen=True, slots=True)
class FoldRows:
    """Which gold passages train, validate and test one fold; row numbers, by document apart."""

    number: int
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def plan_folds(data: LabelledTexts, settings: TuneSettings) -> tuple[FoldRows, ...]:
    """Split gold by document, stratified by label and sampling stratum: every passage is tested in exactly one fold."""
    import numpy as np

    from headwinds.corpus.splits import assign_folds

    fold = assign_folds(data.document_ids, data.truth, data.stratum, folds=settings.folds, seed=settings.seed)
    parts = max(2, round(1 / settings.validation_share))
    planned = []
    for number in range(settings.folds):
        rest = np.flatnonzero(fold != number)
        inner = assign_folds(
            [data.document_ids[row] for row in rest],
            data.truth[rest],
            [data.stratum[row] for row in rest],
            folds=parts,
            seed=derive_seed(settings.seed, "validation", number) % 2**31,
        )
        planned.append(FoldRows(number, rest[inner != 0], rest[inner == 0], np.flatnonzero(fold == number)))
    return tuple(planned)


def data_digest(data: LabelledTexts) -> str:
    """SHA-256 of the texts and their labels, in order."""
    columns = zip(data.passage_ids, data.document_ids, data.texts, data.truth.tolist(), strict=True)
    form = {} if data.several else {"several": False}
    return fingerprint(labels=list(data.label_names), rows=[list(row) for row in columns], **form)


def fit_fold(
    data: LabelledTexts,
    rows: FoldRows,
    settings: TuneSettings,
    output: Path,
    scratch: Path,
    *,
    quiet: bool = False,
) -> None:
    """Fit one fold into `output`; see `fit_model`.

    Raises
    ------
    CheckpointError, SettingsError, TrainingError, Interrupted
        See `fit_model`.
    """
    fit_model(
        get_task(settings.task),
        fitting_data(data, rows),
        settings,
        output,
        scratch,
        title=f"tune fold {rows.number + 1} of {settings.folds}",
        quiet=quiet,
        seeds=(rows.number,),
    )


def fitting_data(data: LabelledTexts, rows: FoldRows) -> FittingData:
    """What a fold is fitted on."""
    return FittingData(examples_of(data), data.label_names, rows.training, rows.validation, data_digest(data))


def examples_of(data: LabelledTexts) -> LabelledText:
    """Gold passages as examples of text classification, any number of labels each or exactly one."""
    names = data.label_names
    return LabelledText(
        ids=data.passage_ids,
        places=data.passage_ids,
        texts=data.texts,
        seconds=None,
        given=tuple(
            tuple(name for name, has in zip(names, row, strict=True) if has) for row in data.truth.tolist()
        ),
        several=data.several,
    )
