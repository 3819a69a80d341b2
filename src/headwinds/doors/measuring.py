"""Shares in Python, without a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.contracts import Indicator

PathLike = str | Path


@plain_arguments
def measure_file(
    scores: PathLike,
    gold: PathLike,
    output: PathLike,
    *,
    by: Sequence[Sequence[str]] = ((),),
    document_id: str = "document_id",
    weight: str = "",
    stratum: Sequence[str] = (),
    estimator: str = "auto",
    kind: str = "multi-label",
    grades: int = 3,
    fits: Sequence[PathLike] = (),
    wordings: Mapping[str, PathLike] | None = None,
    pretraining_until: str = "",
) -> dict[str, Indicator]:
    """Shares with their intervals from any classifier's scores and your gold labels, without a study.

    `scores` has one passage a row with a column ``probability_<label>`` for each label and the columns named in `by`. The
    scores of gold passages must come from a model that did not see their labels. `fits` names scores of other fits (seeds)
    of the model, `wordings` of scores under other wordings of the codebook, by name; `kind` is "multi-class" where exactly
    one label holds of each passage, and "graded" where columns ``score_<label>`` predict a grade from 0 to `grades`: the
    index is then a mean score. `pretraining_until` the year or month until which the model's own texts reach.
    """
    from headwinds.study.own_files import measure_file as measure
    from headwinds.study.scores_file import ScoresFile

    file = ScoresFile(
        Path(scores),
        tuple(tuple(cell) for cell in by),
        document_id=document_id,
        weight=weight,
        stratum=tuple(stratum),
        kind=kind,
        grades=grades,
    )
    return measure(
        file,
        Path(gold),
        Path(output),
        estimator=estimator,
        fits=tuple(Path(path) for path in fits),
        wordings={name: Path(path) for name, path in (wordings or {}).items()},
        pretraining_until=pretraining_until,
    )
