"""Does the classifier err alike where its correction is pooled? A test of equal errors between periods or groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.stratum_names import stratum_values
from headwinds.errors import SettingsError
from headwinds.measure.spread_tests import holm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame

QUANTITIES = ("residual", "error rate")
RATES = ("true-positive rate", "false-positive rate")


@dataclass(frozen=True, slots=True)
class DriftTest:
    """One test of equal means between groups of the gold in one stratum.

    `quantity` is "residual" (label minus lambda times probability, what the correction pools), "error rate" (label
    differs from the thresholded prediction), or a rate: decisions for the label among passages that have it
    ("true-positive rate") and among those that have not ("false-positive rate").
    `adjusted` is Holm's p-value over all tests of the call; `statistic` and
    `p_value` are NaN where too few errors were seen to test anything.
    """

    label: str
    stratum: str
    quantity: str
    groups: tuple[str, ...]
    means: tuple[float, ...]
    statistic: float
    p_value: float
    adjusted: float


def drift_tests(
    frame: Frame,
    by: str | None = None,
    *,
    minimum_gold: int = 15,
    quantities: Sequence[str] | None = None,
) -> tuple[DriftTest, ...]:
    """Test each label, stratum and quantity for equal means between periods (default) or the values of a key.

    Welch's test of equal means (Welch 1951, Biometrika 38) with design weights and each group's variance shrunk towards
    the pooled one, so that a group without a single error does not pass for certain. Where gold came in draws of several
    passages (whole documents, see `gold_draws`), draws are counted, not passages. Groups with fewer than `minimum_gold`
    gold passages are left out, as are tests with fewer than three draws a group, on average, that have an event. Of graded
    labels the residual alone is tested, in the units of their scale: a score has no error rates.

    Raises
    ------
    SettingsError
        If `by` is no key of the frame, or a quantity is unknown or none of these labels.
    """
    import numpy as np

    from headwinds.measure.cells import make_cells
    from headwinds.measure.encode import encode
    from headwinds.measure.gold_draws import gold_draws
    from headwinds.measure.label_kinds import span_of
    from headwinds.measure.pools import coarse_strata, make_parts, tuned_power

    if by is not None and by not in frame.keys:
        raise SettingsError(
            f"there is no key '{by}' to test drift by; the keys are {', '.join(sorted(frame.keys))}."
        )
    graded = frame.kind == "score"
    quantities = (QUANTITIES[:1] if graded else QUANTITIES) if quantities is None else quantities
    if graded and tuple(quantities) != QUANTITIES[:1]:
        raise SettingsError("graded labels have no error rates whose drift could be tested, only a residual.")
    unknown = [name for name in quantities if name not in (*QUANTITIES, *RATES)]
    if unknown:
        raise SettingsError(
            f"there is no drift test of {unknown[0]!r}; there are {', '.join((*QUANTITIES, *RATES))}."
        )
    coarse_of, names = coarse_strata(frame)
    stratum = frame.stratum_code[frame.gold_rows]
    coarse = coarse_of[stratum]
    if by is None:
        group, group_names = stratum, [stratum_values(name)[-1] for name in frame.stratum_names]
    else:
        group, values = encode(frame.keys[by][frame.gold_rows])
        group_names = [str(value) for value in values]
    power = tuned_power(frame, make_parts(frame, make_cells(frame, ())))
    truth = frame.gold_labels.astype(np.float64)
    # Half an event a passage: a score varies without any.
    moved = np.full_like(truth, 0.5) if graded else truth
    decided = frame.label[frame.gold_rows].astype(np.float64)
    wrong = (frame.gold_labels != frame.label[frame.gold_rows]).astype(np.float64)
    residual = truth - power[coarse] * frame.probability[frame.gold_rows]
    weight = 1 / frame.inclusion_probability
    draws, _ = gold_draws(frame)
    tests = []
    for label, label_name in enumerate(frame.label_names):
        for place, name in enumerate(names):
            here = coarse == place
            has = frame.gold_labels[:, label].astype(bool)
            read = {
                QUANTITIES[0]: (span_of(frame) * residual, moved, here),
                QUANTITIES[1]: (wrong, wrong, here),
                RATES[0]: (decided, decided, here & has),
                RATES[1]: (decided, decided, here & ~has),
            }
            for quantity in quantities:
                values_of, events, rows = read[quantity]
                kept, means, statistic, p_value = _welch(
                    values_of[rows, label],
                    events[rows, label],
                    group[rows],
                    weight[rows],
                    draws[rows],
                    minimum_gold,
                )
                said = tuple(group_names[one] for one in kept)
                tests.append((label_name, name, quantity, said, means, statistic, p_value))
    adjusted = holm([test[-1] for test in tests])
    return tuple(DriftTest(*test, p) for test, p in zip(tests, adjusted, strict=True))


def drift_findings(tests: tuple[DriftTest, ...], *, size: float = 0.05) -> tuple[Finding, ...]:
    """One warning for each test that rejects after Holm's adjustment; one note for those that had nothing to go on."""
    import math

    found = [
        Finding(
            "W306",
            f"the classifier's {test.quantity} for '{test.label}' in stratum '{test.stratum}' differs between "
            + ", ".join(f"{name} ({mean:+.3f})" for name, mean in zip(test.groups, test.means, strict=True))
            + f": p = {test.adjusted:.2g} after Holm's adjustment.",
            "Do not pool over these: label more gold in each, or measure by wider cells.",
        )
        for test in tests
        if test.adjusted < size
    ]
    blind = sorted({f"{test.label} in {test.stratum}" for test in tests if math.isnan(test.p_value)})
    if blind:
        found.append(
            Finding(
                "N307",
                f"pairs of label and stratum for which drift could not be tested: {len(blind)} ({_first(blind)}): too few "
                "groups, positives or errors among the gold.",
            )
        )
    return tuple(found)


def _first(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]}, ..."


def _welch(
    values: NDArray[np.float64],
    events: NDArray[np.float64],
    group: NDArray[np.int64],
    weight: NDArray[np.float64],
    draws: NDArray[np.int64],
    minimum: int,
) -> tuple[tuple[int, ...], tuple[float, ...], float, float]:
    import numpy as np
    from scipy.stats import f as f_distribution

    distinct, code = np.unique(group, return_inverse=True)
    passages = np.bincount(code, minlength=len(distinct))
    pairs, home = np.unique(code * (int(draws.max(initial=0)) + 1) + draws, return_inverse=True)
    of_draw = pairs // (int(draws.max(initial=0)) + 1)
    count = np.bincount(of_draw, minlength=len(distinct))
    big = np.flatnonzero((passages >= minimum) & (count > 1))
    inside = np.isin(of_draw, big)
    happened, spared = np.zeros(len(pairs)), np.zeros(len(pairs))
    np.maximum.at(happened, home, events)
    np.maximum.at(spared, home, 1 - events)
    few = min(happened[inside].sum(), spared[inside].sum()) < 3 * len(big)
    total = np.bincount(code, weights=weight, minlength=len(distinct))
    q = weight / total[code]
    mean = np.bincount(code, weights=q * values, minlength=len(distinct))
    between = np.bincount(home, weights=q * (values - mean[code]), minlength=len(pairs))
    squares = np.bincount(of_draw, weights=between**2, minlength=len(distinct))
    named = tuple(int(distinct[one]) for one in big)
    means = tuple(float(mean[one]) for one in big)
    if len(big) < 2 or few:
        return named, means, float("nan"), float("nan")
    count, mean = count[big].astype(float), mean[big]
    unit = squares[big] * count**2 / (count - 1)
    prior = 10.0
    unit = (count * unit + prior * (count * unit).sum() / count.sum()) / (count + prior)
    precision = count / unit
    centre = (precision * mean).sum() / precision.sum()
    k = len(big)
    spread = ((1 - precision / precision.sum()) ** 2 / (count - 1)).sum()
    statistic = (precision * (mean - centre) ** 2).sum() / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * spread)
    p_value = float(f_distribution.sf(statistic, k - 1, (k**2 - 1) / (3 * spread)))
    return named, means, float(statistic), p_value
