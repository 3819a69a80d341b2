"""How much a plain count of decisions depends on the threshold that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.measure.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.frame import Frame

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)


def threshold_sensitivity(
    frame: Frame, whole: Indicator, thresholds: tuple[float, ...] = THRESHOLDS
) -> Diagnostic:
    """The weighted share above each threshold, beside the corrected share of the whole corpus (`whole`, by no key).

    A warning where the thresholds move the plain share by more than the corrected interval is wide: then the choice of a
    number that nobody can defend decides more than the data.
    """
    import pandas as pd

    weight = frame.weight / frame.weight.sum()
    rows, found = [], []
    for label, name in enumerate(frame.label_names):
        shares = [float(weight @ (frame.probability[:, label] >= cut)) for cut in thresholds]
        place = whole.labels.index(name)
        lower, upper = float(whole.lower[place]), float(whole.upper[place])
        for cut, share in zip(thresholds, shares, strict=True):
            rows.append(
                {
                    "name": f"{name}, above {cut:g}",
                    "label": name,
                    "threshold": cut,
                    "value": share,
                    "lower": float("nan"),
                    "upper": float("nan"),
                    "corrected": float(whole.value[place]),
                    "corrected_lower": lower,
                    "corrected_upper": upper,
                }
            )
        if max(shares) - min(shares) > upper - lower:
            found.append(
                Finding(
                    "W346",
                    f"the plain share of '{name}' goes from {min(shares):.2%} to {max(shares):.2%} as the threshold goes "
                    f"from {thresholds[-1]:g} to {thresholds[0]:g}, more than its corrected interval is wide.",
                    "Use the corrected shares: they use probabilities and gold, and no threshold.",
                )
            )
    return Diagnostic("threshold", "Plain share by threshold.", pd.DataFrame(rows), tuple(found))
