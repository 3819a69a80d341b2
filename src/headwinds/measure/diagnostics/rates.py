"""True- and false-positive rates by period or group, and whether they drift."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.stratum_names import stratum_values
from headwinds.measure.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame


def rates_by(frame: Frame, by: str | None = None, *, level: float = 0.95, size: float = 0.05) -> Diagnostic:
    """Design-weighted rates with Wilson intervals at the effective sample size, and `drift_tests` of both.

    Where gold came in draws of several passages (see `gold_draws`) the effective sample size is that of the draws.

    `by` is a key, or None for the periods of the design's strata.

    Raises
    ------
    SettingsError
        If there is no such key.
    """
    import numpy as np
    import pandas as pd

    from headwinds.measure.drift import RATES, drift_tests
    from headwinds.measure.encode import encode
    from headwinds.measure.gold_draws import gold_draws

    tests = drift_tests(frame, by, quantities=RATES)
    if by is None:
        group = [
            stratum_values(frame.stratum_names[code])[-1] for code in frame.stratum_code[frame.gold_rows]
        ]
    else:
        group = [str(value) for value in frame.keys[by][frame.gold_rows]]
    code, names = encode(np.array(group))
    weight = 1 / frame.inclusion_probability
    decided = frame.label[frame.gold_rows]
    draws, together = gold_draws(frame)
    rows = []
    for label, label_name in enumerate(frame.label_names):
        for rate, sign in zip(RATES, (True, False), strict=True):
            for place, name in enumerate(names):
                here = (code == place) & (frame.gold_labels[:, label] == sign)
                value, lower, upper = weighted_share(
                    decided[here, label], weight[here], level, draws[here] if together else None
                )
                rows.append(
                    {
                        "name": f"{label_name}, {rate}, {name}",
                        "label": label_name,
                        "rate": rate,
                        "group": name,
                        "gold": int(here.sum()),
                        "value": value,
                        "lower": lower,
                        "upper": upper,
                    }
                )
    found = [
        Finding(
            "W352",
            f"the {test.quantity} for '{test.label}' in stratum '{test.stratum}' differs between "
            + ", ".join(f"{name} ({mean:.2f})" for name, mean in zip(test.groups, test.means, strict=True))
            + f": p = {test.adjusted:.2g} after Holm's adjustment.",
            "An estimator that takes the rates as constant is biased there: use the difference estimator.",
        )
        for test in tests
        if test.adjusted < size
    ]
    blind = sum(math.isnan(test.p_value) for test in tests)
    if blind:
        found.append(
            Finding(
                "N344",
                f"{blind} of {len(tests)} drift tests of rates by {by or 'period'} had too few gold labels to be made.",
            )
        )
    words = by or "period"
    return Diagnostic(
        f"rates-by-{words}", f"Rates of the classifier by {words}.", pd.DataFrame(rows), tuple(found)
    )


def weighted_share(
    positive: NDArray[np.bool_],
    weight: NDArray[np.float64],
    level: float,
    draws: NDArray[np.int64] | None = None,
) -> tuple[float, float, float]:
    """A weighted share with its Wilson interval (1927) at Kish's effective sample size; NaN where nothing was seen.

    `draws` says which passages were drawn together: the size is then divided by how much their errors go together.
    """
    import numpy as np
    from scipy.special import ndtri

    if len(weight) == 0:
        return math.nan, math.nan, math.nan
    share = float((weight * positive).sum() / weight.sum())
    if len(weight) < 2:
        return share, math.nan, math.nan
    count = float(weight.sum() ** 2 / (weight**2).sum())
    if draws is not None:
        rest = weight * (positive - share)
        _, home = np.unique(draws, return_inverse=True)
        between = float((np.bincount(home, weights=rest) ** 2).sum())
        count /= max(1.0, between / max(float((rest**2).sum()), 1e-300))
    z = float(ndtri((1 + level) / 2))
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return share, max(middle - reach, 0.0), min(middle + reach, 1.0)
