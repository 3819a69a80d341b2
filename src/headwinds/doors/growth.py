"""Growth in Python, without a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.study.growth_files import GrowthResult

PathLike = str | Path


@plain_arguments
def explain_file(
    panel: PathLike,
    output: PathLike,
    *,
    entity: str = "entity",
    period: str = "period",
    entities: Sequence[str] = ("all",),
    before: tuple[int, int] = (1995, 2004),
    after: tuple[int, int] = (2004, 2019),
    outcome: str = "rtfpna",
    index: PathLike | None = None,
    labels: Sequence[str] = (),
    lag: int = 1,
) -> GrowthResult:
    """Growth accounts and the slowdown from a panel, without a study or a text; with `index`, growth on that index.

    `panel` is a Penn World Table, or a table with its series names and the columns `entity` and `period`. `entities` are
    codes, or ``("all",)``, or ``("OECD",)``. `index` is a folder that `measure` or `measure_file` wrote, by entity and year.
    """
    from headwinds.study.growth_files import GrowthFile
    from headwinds.study.growth_files import explain_file as explain

    growth = GrowthFile(
        Path(panel),
        entity=entity,
        period=period,
        entities=tuple(entities),
        before=before,
        after=after,
        outcome=outcome,
        index=Path(index) if index else None,
        labels=tuple(labels),
        lag=lag,
    )
    return explain(growth, Path(output))
