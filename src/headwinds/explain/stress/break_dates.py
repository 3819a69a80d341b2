"""Does the date of the slowdown matter? The attribution with the border between the spans in each year of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.result import number
from headwinds.errors import EstimationError
from headwinds.explain.attribution.headwinds import check_borders, shapley_attribution
from headwinds.explain.attribution.reshaped import with_spans
from headwinds.explain.attribution.result import JOINT
from headwinds.explain.stress.result import StressTest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.explain.attribution.design import AttributionDesign


def break_date_grid(
    design: AttributionDesign, borders: Sequence[int], *, part: str = JOINT, draws: int = 199, seed: int = 0
) -> StressTest:
    """Move the border between the spans.

    The verdict is good if every border gives the same sign. The size may differ: another border asks for another change.

    Raises
    ------
    SettingsError
        The spans do not meet, or a border leaves one of them empty.
    """
    import numpy as np
    import pandas as pd

    check_borders(design, borders)
    rows = []
    for border in sorted(borders):
        moved = with_spans(design, (design.before[0], border), (border, design.after[1]))
        found = shapley_attribution(moved, draws=draws, seed=seed).table.set_index("name")
        if part not in found.index:
            raise EstimationError(f"{part!r} is no headwind; there are {', '.join(design.headwinds)}.")
        rows.append(
            {"name": str(border), **found.loc[part, ["value", "lower", "upper"]].to_dict(), "border": border}
        )
    table = pd.DataFrame(rows)
    estimate = float(
        shapley_attribution(design, draws=draws, seed=seed).table.set_index("name").loc[part, "value"]
    )
    same = bool((np.sign(table["value"]) == np.sign(estimate)).all())
    first, last = min(borders), max(borders)
    verdict = (
        f"with the border from {first} to {last} it runs from {number(table['value'].min())} to "
        f"{number(table['value'].max())}"
        + (", always of the same sign" if same else ": its sign depends on the date")
    )
    return StressTest(table, "break date", part, estimate, f"{design.outcome_words}, points", same, verdict)
