"""Whether the scores say more of the gold than they would of labels dealt out by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.measure.diagnostics.diagnostic import Diagnostic
from headwinds.measure.gold_draws import gold_draws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame

LEAST_POSITIVES = 5


def placebo_labels(frame: Frame, *, seed: int = 0, shuffles: int = 400, level: float = 0.95) -> Diagnostic:
    """Area under the ROC curve with the gold labels, and its range with labels shuffled within design strata.

    The range is the placebo: what strata alone tell stays in it. A real curve inside it means that the scores know nothing
    more of a label than the strata do. Labels of gold drawn together (a whole document, see `gold_draws`) are dealt
    together, as they are alike in any case. `value` is the real area, `lower` and `upper` are those of the placebo; of
    graded labels it is Spearman's rank correlation of score and grade in place of the area.
    """
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(seed)
    draws, _ = gold_draws(frame)
    stratum = frame.stratum_code[frame.gold_rows]
    rows, found = [], []
    graded = frame.kind == "score"
    statistic, called = (_rank_correlation, "rank correlation") if graded else (_area, "area")
    for label, name in enumerate(frame.label_names):
        truth = frame.gold_labels[:, label]
        score = frame.probability[frame.gold_rows, label]
        positives = int((truth > 0).sum())
        row = {"name": name, "label": name, "positives": positives, "shuffles": shuffles}
        few = len(np.unique(truth)) < 2 if graded else False
        if few or (not graded and min(positives, len(truth) - positives) < LEAST_POSITIVES):
            rows.append(
                {
                    **row,
                    "value": np.nan,
                    "lower": np.nan,
                    "upper": np.nan,
                    "placebo": np.nan,
                    "p_value": np.nan,
                }
            )
            continue
        real = statistic(truth[None, :], score)[0]
        shuffled = np.empty((shuffles, len(truth)), dtype=truth.dtype)
        for code in np.unique(stratum):
            here = np.flatnonzero(stratum == code)
            _, home = np.unique(draws[here], return_inverse=True)
            here, home = here[np.argsort(home, kind="stable")], np.sort(home)
            # Each draw has one random number, and so stays together; labels in that order are dealt along the rows.
            order = generator.random((shuffles, int(home[-1]) + 1))[:, home].argsort(axis=1, kind="stable")
            shuffled[:, here] = truth[here][order]
        areas = statistic(shuffled, score)
        tail = (1 - level) / 2
        p_value = float((1 + (areas >= real - 1e-12).sum()) / (shuffles + 1))
        lower, upper = np.quantile(areas, [tail, 1 - tail])
        rows.append(
            {
                **row,
                "value": float(real),
                "lower": float(lower),
                "upper": float(upper),
                "placebo": float(areas.mean()),
                "p_value": p_value,
            }
        )
        if p_value > tail:
            found.append(
                Finding(
                    "W349",
                    f"the scores of '{name}' tell its gold labels no better ({called} {real:.2f}) than labels "
                    f"shuffled within strata ({lower:.2f} to {upper:.2f}).",
                    "The index then rests on the gold and the strata alone: look at the model, or label more.",
                )
            )
    return Diagnostic(
        "placebo",
        f"{'Rank correlation' if graded else 'Area under the curve'}, and its range with shuffled labels.",
        pd.DataFrame(rows),
        tuple(found),
    )


def _rank_correlation(truth: NDArray[np.float64], score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spearman's correlation of each row of grades with the score; zero where the score does not vary."""
    import numpy as np
    from scipy.stats import rankdata

    mine, theirs = rankdata(truth, axis=1), rankdata(score)
    mine, theirs = mine - mine.mean(axis=1, keepdims=True), theirs - theirs.mean()
    scale = np.sqrt((mine**2).sum(axis=1) * (theirs**2).sum())
    found: NDArray[np.float64] = np.divide(mine @ theirs, scale, out=np.zeros(len(mine)), where=scale > 0)
    return found


def _area(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under the ROC curve of each row of labels by the rank sum (Mann and Whitney 1947); ties count half."""
    from scipy.stats import rankdata

    rank = rankdata(score)
    positives = truth.sum(axis=1)
    sums = truth.astype(float) @ rank
    area: NDArray[np.float64] = (sums - positives * (positives + 1) / 2) / (
        positives * (truth.shape[1] - positives)
    )
    return area
