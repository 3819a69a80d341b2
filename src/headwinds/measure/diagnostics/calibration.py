"""Whether probabilities are right on average within each group: label minus probability, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.stratum_names import stratum_values
from headwinds.errors import SettingsError
from headwinds.measure.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from headwinds.measure.frame import Frame

LEAST_GOLD = 30
LEAST_POSITIVES = 5


def calibration_by(
    frame: Frame, by: str | None = None, *, level: float = 0.95, size: float = 0.05
) -> Diagnostic:
    """Design-weighted mean of label minus probability in each group, with a t test that it is zero (Holm over all).

    Where gold came in draws of several passages (whole documents, see `gold_draws`), the test counts draws.

    `by` is a key, or None for the periods of the design's strata. A group with fewer than 30 gold labels, or fewer than
    five positives (or negatives) of a label, is listed without a test. Graded labels are compared in their own units.

    Raises
    ------
    SettingsError
        If there is no such key.
    """
    import numpy as np
    import pandas as pd
    from scipy import stats

    from headwinds.measure.encode import encode
    from headwinds.measure.gold_draws import gold_draws
    from headwinds.measure.label_kinds import span_of
    from headwinds.measure.spread_tests import holm

    if by is not None and by not in frame.keys:
        raise SettingsError(f"there is no key '{by}'; the keys are {', '.join(sorted(frame.keys))}.")
    if by is None:
        group = [
            stratum_values(frame.stratum_names[code])[-1] for code in frame.stratum_code[frame.gold_rows]
        ]
    else:
        group = [str(value) for value in frame.keys[by][frame.gold_rows]]
    code, names = encode(np.array(group))
    weight = 1 / frame.inclusion_probability
    draws, _ = gold_draws(frame)
    graded = frame.kind == "score"
    low, span = (frame.value_range[0], span_of(frame)) if graded else (0.0, 1.0)
    truth = low + span * frame.gold_labels.astype(np.float64)
    score = low + span * frame.probability[frame.gold_rows]
    rows = []
    for label, label_name in enumerate(frame.label_names):
        for place, name in enumerate(names):
            here = code == place
            q = weight[here] / weight[here].sum()
            gap = truth[here, label] - score[here, label]
            mean, count = float(q @ gap), int(here.sum())
            seen = float(truth[here, label].sum())
            _, home = np.unique(draws[here], return_inverse=True)
            several = int(home.max(initial=-1)) + 1
            enough = (
                several > 1 and count >= LEAST_GOLD and (graded or min(seen, count - seen) >= LEAST_POSITIVES)
            )
            between = np.bincount(home, weights=q * (gap - mean))
            error = float(np.sqrt((between**2).sum() * several / (several - 1))) if enough else np.nan
            freedom = max(several - 1, 1)
            reach = float(stats.t.ppf((1 + level) / 2, freedom)) * error
            rows.append(
                {
                    "name": f"{label_name}, {name}",
                    "label": label_name,
                    "group": name,
                    "gold": count,
                    "mean_score" if graded else "mean_probability": float(q @ score[here, label]),
                    "observed_mean" if graded else "observed_share": float(q @ truth[here, label]),
                    "value": mean,
                    "lower": mean - reach,
                    "upper": mean + reach,
                    "p_value": float(2 * stats.t.sf(abs(mean) / error, freedom)) if error > 0 else np.nan,
                }
            )
    table = pd.DataFrame(rows)
    table["adjusted"] = holm(table["p_value"].tolist())
    words = by or "period"
    columns = ("mean_score", "observed_mean") if graded else ("mean_probability", "observed_share")
    off = table[table["adjusted"] < size]
    found: tuple[Finding, ...] = ()
    if len(off):
        worst = off.iloc[np.argsort(-np.abs(off["value"].to_numpy()), kind="stable")[:3]]
        shown = "; ".join(
            f"'{row['label']}' in {row['group']} by {row['value']:+.3f} (predicted {row[columns[0]]:.3f}, found "
            f"{row[columns[1]]:.3f})"
            for row in worst.to_dict("records")
        )
        found = (
            Finding(
                "W345",
                f"{'scores' if graded else 'probabilities'} are off in {len(off)} of "
                f"{int(table['p_value'].notna().sum())} pairs of label and {words} that could be tested (Holm's "
                f"adjustment), most {shown}.",
                "Corrected indices allow for it where the group's own gold corrects them; a plain mean of scores does not.",
            ),
        )
    what = "Grade minus predicted score" if graded else "Label minus probability"
    return Diagnostic(f"calibration-by-{words}", f"{what} by {words}.", table, found)
