"""Do the choices of the analyst matter? The part under every combination of them, in order of size."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.result import number
from headwinds.errors import EstimationError
from headwinds.explain.attribution.headwinds import shapley_attribution
from headwinds.explain.attribution.reshaped import keep_variables
from headwinds.explain.attribution.result import JOINT
from headwinds.explain.stress.result import StressTest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from headwinds.explain.attribution.design import AttributionDesign, Channel

MOST = 1024
CARRIED = "error of index carried"


@dataclass(frozen=True, slots=True)
class SpecificationCurve(StressTest):
    """A stress test whose variations are combinations of choices (Simonsohn, Simmons and Nelson 2020).

    `choices` names the columns of the table that say, True or False, what a specification holds.
    """

    choices: tuple[str, ...] = ()

    def plot(self) -> Figure:
        """The curve above, what each specification holds below."""
        from headwinds.drawing.specification_curve import draw_specification_curve

        return draw_specification_curve(
            self.table,
            choices=self.choices,
            estimate=self.estimate,
            axis=f"part of {self.part}, {self.units}",
        )


def specification_curve(
    design: AttributionDesign,
    *,
    part: str = JOINT,
    channels: Sequence[Channel] | None = None,
    draws: int = 99,
    seed: int = 0,
) -> SpecificationCurve:
    """Attribute under every set of controls, channel, and way to treat the index's error.

    Of one headwind the controls are the other headwinds and the design's controls; of all together, the design's controls.
    The verdict is good if at least 95 % of the specifications give the sign of the estimate.

    Raises
    ------
    EstimationError
        The part is no headwind, or there are more than 1,024 combinations.
    """
    import numpy as np
    import pandas as pd

    if part != JOINT and part not in design.headwinds:
        raise EstimationError(f"{part!r} is no headwind; there are {', '.join(design.headwinds)}.")
    own = design.headwinds if part == JOINT else (part,)
    extra = design.names[len(design.names) - design.controls :] if design.controls else ()
    optional = [*(name for name in design.headwinds if name not in own), *extra]
    possible: tuple[Channel, ...] = ("growth", "technology", "both") if design.has_technology else ("growth",)
    tried = tuple(channels or possible)
    erring = bool(design.variance.any() or design.factor.any())
    ways = (True, False) if erring else (True,)
    if len(tried) * len(ways) * 2 ** len(optional) > MOST:
        raise EstimationError(
            f"{len(optional)} controls make more than {MOST} specifications.", remedy="Take fewer controls."
        )
    rows = []
    for channel, carry in itertools.product(tried, ways):
        for chosen in itertools.product((True, False), repeat=len(optional)):
            names = [*own, *(name for name, held in zip(optional, chosen, strict=True) if held)]
            one = keep_variables(design, names, channel=channel)
            # Other headwinds are controls here: their own parts are not asked for.
            found = shapley_attribution(one, draws=draws, seed=seed, carry_error=carry).table.set_index(
                "name"
            )
            row = found.loc[part, ["value", "lower", "upper"]].to_dict()
            held = dict(zip((f"with {name}" for name in optional), chosen, strict=True))
            through = {f"channel {name}": name == channel for name in tried} if len(tried) > 1 else {}
            rows.append({**row, **through, **({CARRIED: carry} if erring else {}), **held})
    table = pd.DataFrame(rows).sort_values("value", kind="stable", ignore_index=True)
    table.insert(0, "name", [f"specification {place + 1}" for place in range(len(table))])
    choices = tuple(name for name in table.columns if name not in ("name", "value", "lower", "upper"))
    estimate = float(
        shapley_attribution(design, draws=draws, seed=seed).table.set_index("name").loc[part, "value"]
    )
    known = table["value"].dropna()
    share = float((np.sign(known) == np.sign(estimate)).mean()) if len(known) else 0.0
    apart = float(((table["lower"] > 0) | (table["upper"] < 0)).mean())
    lost = len(table) - len(known)
    verdict = (
        f"in {len(table)} specifications it runs from {number(known.min())} to {number(known.max())}; {share:.0%} have the "
        f"sign of the estimate, {apart:.0%} an interval without zero"
        + (f", {lost} are not identified" if lost else "")
    )
    return SpecificationCurve(
        table,
        "specification curve",
        part,
        estimate,
        f"{design.outcome_words}, points",
        share >= 0.95,
        verdict,
        choices,
    )
