"""From a number to its documents, in Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.measure.trace import Trace

PathLike = str | Path


@plain_arguments
def trace_file(
    scores: PathLike,
    gold: PathLike,
    cell: str,
    *,
    to: str = "",
    limit: int = 20,
    document_id: str = "document_id",
    weight: str = "",
    stratum: Sequence[str] = (),
    kind: str = "multi-label",
    grades: int = 3,
) -> Trace:
    """What the share of a cell is made of; with `to`, which documents the change to that cell rests on.

    `kind` and `grades` as in `measure_file`. A cell is named as ``"label=divide, year=1998"``, its keys being
    columns of `scores`.
    """
    from headwinds.study.scores_file import ScoresFile
    from headwinds.study.trace_files import read_point
    from headwinds.study.trace_files import trace_file as trace

    point = read_point(cell)
    file = ScoresFile(
        Path(scores),
        document_id=document_id,
        weight=weight,
        stratum=tuple(stratum),
        kind=kind,
        grades=grades,
    )
    return trace(file, Path(gold), point, read_point(to, label=point.label) if to else None, limit=limit)
