"""Which headwind's part is larger than which: all pairs at once, from the draws of an attribution.

Power says what a panel could have told, had each headwind a part of the assumed size. Whether these headwinds can be put in
an order is another question, and only the estimates answer it: a pair has an order where the 95 % band of its difference,
which holds for all pairs at once, leaves out zero (Mogstad, Romano, Shaikh and Wilhelm 2024).
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.contracts.result import number
from headwinds.explain.attribution.bootstrap import spread
from headwinds.explain.attribution.result import JOINT

if TYPE_CHECKING:
    from headwinds.explain.attribution.result import Attribution


def ordered_pairs(found: Attribution) -> list[tuple[str, str]]:
    """(weakens growth more, weakens it less): pairs of headwinds whose order holds at 95 % for all pairs at once."""
    import numpy as np

    names = found.table.loc[found.table["part"] == "headwind", "name"].tolist()
    place = {name: column for column, name in enumerate(found.parts)}
    pairs = list(combinations(names, 2))
    if not pairs:
        return []
    left = [place[one] for one, _ in pairs]
    right = [place[other] for _, other in pairs]
    value = np.array(list(found.parts.values()))
    held = spread(value[left] - value[right], found.draws[:, left] - found.draws[:, right], found.clusters)
    order = []
    for (one, other), lower, upper in zip(
        pairs, held.band_lower.tolist(), held.band_upper.tolist(), strict=True
    ):
        if upper < 0:
            order.append((one, other))
        elif lower > 0:
            order.append((other, one))
    return order


def order_findings(found: Attribution) -> list[Finding]:
    """Which order the estimates support; none is a warning, for a reader ranks what stands in a column."""
    headwinds = int((found.table["part"] == "headwind").sum())
    if headwinds < 2 or not found.shown:
        return []
    order = ordered_pairs(found)
    count = headwinds * (headwinds - 1) // 2
    joint = found.table.set_index("name").loc[JOINT]
    together = f"{number(joint['value'])} [{number(joint['lower'])}, {number(joint['upper'])}]"
    if not order:
        return [
            Finding(
                "W480",
                f"Of {count} pairs of headwinds none has an order that the estimates support at 95 %: headwinds are not "
                f"ranked, whatever the size of their values. Together they go with {together}.",
                "Read the joint part and the bands; more countries or finer units may tell more.",
            )
        ]
    said = "; ".join(f"{one} before {other}" for one, other in order)
    return [
        Finding(
            "N480",
            f"Of {count} pairs of headwinds {len(order)} have an order that the estimates support at 95 %, the one that "
            f"weakens growth more first: {said}. Other pairs have none.",
        )
    ]
