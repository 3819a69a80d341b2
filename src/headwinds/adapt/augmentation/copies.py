"""Copies among the examples of a tuning: they train, and never validate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headwinds.adapt.augmentation.rows import augmented_rows
from headwinds.artifacts.fingerprint import fingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Row, Task

    Sides = tuple[NDArray[np.int64], NDArray[np.int64]]


def with_copies(
    task: Task[Any], rows: Sequence[Row], sides: Sides, digest: str, settings: TuneSettings
) -> tuple[Any, Sides, str]:
    """The examples with copies of the training ones at their end, the numbers of both sides, and a digest of all.

    Raises
    ------
    SettingsError, CheckpointError, DataError
        See `augmented_rows`.
    """
    import numpy as np

    training, validation = sides
    copies = augmented_rows([rows[number] for number in training.tolist()], settings)
    examples = task.read([*rows, *copies], labelled=True)
    more = np.arange(len(rows), len(rows) + len(copies))
    contents = fingerprint(
        files=digest, copies=[[str(value) for value in row.values.values()] for row in copies]
    )
    return examples, (np.concatenate([training, more]), validation), contents
