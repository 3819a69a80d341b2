"""All diagnostics that the data allow, by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.diagnostics.diagnostic import Diagnostic
    from headwinds.measure.frame import Frame

PERIOD = "period"
MOST_GROUPS = 40
"""A key with more values (country-years) has too few gold labels in each to say anything."""


def run_diagnostics(
    frame: Frame,
    *,
    keys: Sequence[str] = (),
    texts: Sequence[str] | None = None,
    period: str = "",
    checkpoint: str = "",
    pretraining_until: str = "",
    fits: Sequence[Indicator] = (),
    wordings: Mapping[str, NDArray[np.float64]] | None = None,
    seed: int = 0,
) -> tuple[Diagnostic, ...]:
    """Rates, calibration, threshold, placebo, outside, look-ahead and, where there are other scores, seeds and wording.

    What was not given, and could not be looked at, is said in a note (N354). Graded labels have no rates and no threshold:
    these two are left out.

    Parameters
    ----------
    keys
        Groups to look at, beside the periods of the design (or spans of `period`); those with more than 40 values are left
        to the periods.
    texts
        Of the passages, for length and vocabulary.
    period
        The key that holds years, for look-ahead and to group by.
    checkpoint, pretraining_until
        What scored the passages, or until when its texts reach.
    fits
        The index of each of several fits.
    wordings
        Scores under other wordings of the codebook, by name; as those of the frame, in [0, 1].
    """
    from headwinds.measure.cells import make_cells
    from headwinds.measure.diagnostics.calibration import calibration_by
    from headwinds.measure.diagnostics.look_ahead import look_ahead
    from headwinds.measure.diagnostics.outside import outside_training
    from headwinds.measure.diagnostics.placebo import placebo_labels
    from headwinds.measure.diagnostics.rates import rates_by
    from headwinds.measure.diagnostics.seeds import seed_spread
    from headwinds.measure.diagnostics.threshold import threshold_sensitivity
    from headwinds.measure.diagnostics.wording import wording_sensitivity
    from headwinds.measure.estimators import difference
    from headwinds.measure.quantification.rate_tests import has_periods, spans

    found: list[Diagnostic] = []
    graded = frame.kind == "score"
    if len(frame.gold_rows) >= 2:
        groups: list[str | None] = [None]
        grouped = frame
        if period and not has_periods(frame):
            # The design knows no periods: spans of years with about as much gold each stand in for them.
            groups = [PERIOD]
            grouped = replace(frame, keys={**frame.keys, PERIOD: spans(frame.keys[period], frame.gold_rows)})
        groups += [
            key
            for key in dict.fromkeys(keys)
            if key not in groups and 1 < len(set(frame.keys[key].tolist())) <= MOST_GROUPS
        ]
        for group in groups:
            found += [] if graded else [rates_by(grouped, group)]
            found.append(calibration_by(grouped, group))
        if not graded:
            found.append(threshold_sensitivity(frame, difference.estimate(frame, make_cells(frame, ()))))
        found.append(placebo_labels(frame, seed=seed))
        found.append(outside_training(frame, texts, by=period or None, seed=seed))
    if period and _whole(frame.keys[period]):
        found.append(look_ahead(frame.keys[period], frame.weight, checkpoint, pretraining_until))
    if len(fits) > 1:
        found.append(seed_spread(fits))
    if wordings:
        cells = make_cells(frame, (period,) if period else ())
        found.append(
            wording_sensitivity(
                frame, cells, difference.estimate(frame, cells), wordings, difference.estimate
            )
        )
    if len(fits) < 2 or not wordings:
        found.append(_not_asked(len(fits) > 1, bool(wordings)))
    return tuple(found)


def _not_asked(fits: bool, wordings: bool) -> Diagnostic:
    """What needs other scores than there are, so that silence is not taken for an answer."""
    import pandas as pd

    from headwinds.measure.diagnostics.diagnostic import Diagnostic

    asked = {"another seed of the model (fits)": fits, "another wording of the codebook (wordings)": wordings}
    table = pd.DataFrame(
        [
            {"name": name, "value": float(given), "lower": float("nan"), "upper": float("nan")}
            for name, given in asked.items()
        ]
    )
    missing = " and ".join(name for name, given in asked.items() if not given)
    note = Finding(
        "N354",
        f"there are no scores of {missing}: how much of the index hangs on that was not looked at.",
        "Score the same passages so, and give the files.",
    )
    return Diagnostic("other-scores", "Whether there were other scores to compare with.", table, (note,))


def _whole(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "iu" or all(str(value).lstrip("-").isdecimal() for value in values[:100])
