"""Documents unlike those that the gold was drawn from: flagged by conformal p-values, and counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.errors import MismatchError, SettingsError
from headwinds.measure.diagnostics.diagnostic import Diagnostic
from headwinds.measure.gold_draws import gold_draws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame

WORD = re.compile(r"\w+")
MOST_PASSAGES = 50_000
LEAST_GOLD = 100


def outside_training(
    frame: Frame,
    texts: Sequence[str] | None = None,
    *,
    by: str | None = None,
    rate: float = 0.01,
    seed: int = 0,
) -> Diagnostic:
    """Flag passages whose length, vocabulary or uncertainty is stranger than that of all but `rate` of the gold.

    Half of the gold sets the scale (median, quartiles, the words that occur), the other half is ranked on it: the share of
    it that is at least as strange as a passage is that passage's p-value (inductive conformal, Vovk, Gammerman and Shafer
    2005; with design weights, Tibshirani et al. 2019). So about `rate` of passages like the gold are flagged, whatever
    their distribution; a warning comes where more are than that allows, with draws of gold counted (see `gold_draws`).
    Strangeness is the largest of: log of the number of words, either way; share of words that the gold does not use;
    entropy of the scores. Without `texts` only the last.

    Of more than 50,000 passages a random sample is looked at. The table has the flagged share over all and by `by`.

    Raises
    ------
    MismatchError
        If there is not one text a passage.
    SettingsError
        If `rate` is out of range.
    """
    import numpy as np
    import pandas as pd
    from scipy.stats import beta

    if not 0 < rate <= 0.2:
        raise SettingsError(f"rate = {rate} cannot be used: expected a share above 0 and at most 0.2.")
    if texts is not None and len(texts) != len(frame):
        raise MismatchError(f"there are {len(texts)} texts for {len(frame)} passages.")
    question = "Share of passages unlike the gold."
    columns = ["name", "group", "passages", "value", "lower", "upper"]
    if len(frame.gold_rows) < max(LEAST_GOLD, 2 / rate):
        note = Finding(
            "N346",
            f"{len(frame.gold_rows)} gold labels are too few to tell which passages are unlike them.",
        )
        return Diagnostic("outside", question, pd.DataFrame(columns=columns), (note,))
    generator = np.random.default_rng(seed)
    # What was drawn together stays in one half: half a document knows the words of its other half.
    _, home = np.unique(gold_draws(frame)[0], return_inverse=True)
    order = np.argsort(np.argsort(generator.permutation(int(home.max()) + 1))[home], kind="stable")
    scale, ranked = order[: len(order) // 2], order[len(order) // 2 :]
    looked = np.arange(len(frame))
    if len(frame) > MOST_PASSAGES:
        looked = np.sort(generator.choice(len(frame), MOST_PASSAGES, replace=False))
    others = looked[~np.isin(looked, frame.gold_rows)]
    strange = _strangeness(frame, texts, frame.gold_rows[scale], [frame.gold_rows[ranked], others])
    weight = (1 / frame.inclusion_probability)[ranked]
    stratum_weight = np.bincount(
        frame.stratum_code[frame.gold_rows[ranked]], weights=weight, minlength=len(frame.stratum_names)
    )
    count = np.bincount(frame.stratum_code[frame.gold_rows[ranked]], minlength=len(frame.stratum_names))
    own = np.where(count > 0, stratum_weight / np.maximum(count, 1), weight.mean())[
        frame.stratum_code[others]
    ]
    sort = np.argsort(strange[0])
    above = np.concatenate([np.cumsum(weight[sort][::-1])[::-1], [0.0]])
    at_least = above[np.searchsorted(strange[0][sort], strange[1], side="left")]
    flagged = (at_least + own) / (weight.sum() + own) <= rate
    effective = weight.sum() ** 2 / (np.bincount(home[ranked], weights=weight) ** 2).sum()
    seen = max(int(rate * (effective + 1)), 1)
    limit = float(beta.ppf(0.99, seen, effective + 1 - seen))
    groups = (
        np.array(["all"] * len(others))
        if by is None
        else np.array([str(one) for one in frame.keys[by][others]])
    )
    rows = []
    for name in ["all", *sorted(set(groups.tolist()) - {"all"})]:
        here = np.ones(len(others), dtype=bool) if name == "all" else groups == name
        share = float(
            (frame.weight[others][here] * flagged[here]).sum() / max(frame.weight[others][here].sum(), 1e-300)
        )
        rows.append(
            {
                "name": name,
                "group": name,
                "passages": int(here.sum()),
                "value": share,
                "lower": np.nan,
                "upper": np.nan,
                "flagged": int(flagged[here].sum()),
            }
        )
    table = pd.DataFrame(rows)
    found: tuple[Finding, ...] = ()
    if rows[0]["value"] > limit:
        worst = table.iloc[1:].sort_values("value", ascending=False).head(3)
        most = ", ".join(
            f"{row.name_} {row.value:.0%}" for row in worst.rename(columns={"name": "name_"}).itertuples()
        )
        found = (
            Finding(
                "W351",
                f"{rows[0]['value']:.1%} of the passages are unlike those that the gold was drawn from (about {rate:.0%} "
                f"would be by chance, {limit:.1%} at most)" + (f"; most in {most}." if most else "."),
                "Look at them: another kind of document, language or damaged text has no gold that speaks for it.",
            ),
        )
    return Diagnostic("outside", question, table, found)


def _strangeness(
    frame: Frame, texts: Sequence[str] | None, scale: NDArray[np.int64], asked: Sequence[NDArray[np.int64]]
) -> list[NDArray[np.float64]]:
    """The largest standardised feature of each passage, in the scale of the first half of the gold."""
    import numpy as np

    def entropy(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        p = np.clip(frame.probability[rows], 1e-12, 1 - 1e-12)
        found: NDArray[np.float64] = -(p * np.log(p) + (1 - p) * np.log(1 - p)).sum(axis=1)
        return found

    def words(rows: NDArray[np.int64]) -> list[list[str]]:
        return [WORD.findall(texts[row].lower()) for row in rows.tolist()] if texts is not None else []

    used = words(scale)
    # A passage of the scale's half is measured against the words of the others of its half, as every other one is.
    home: dict[str, set[int]] = {}
    for place, found in enumerate(used):
        for word in found:
            home.setdefault(word, set()).add(place)

    def features(rows: NDArray[np.int64], *, inside: bool) -> NDArray[np.float64]:
        columns = [entropy(rows)]
        if texts is not None:
            split = used if inside else words(rows)
            columns.append(np.log1p([len(one) for one in split]))
            unknown = [
                sum(len(home[word]) == 1 if inside else word not in home for word in one) / max(len(one), 1)
                for one in split
            ]
            columns.append(np.array(unknown))
        return np.column_stack(columns)

    base = features(scale, inside=True)
    middle = np.median(base, axis=0)
    low, high = np.quantile(base, [0.25, 0.75], axis=0)
    spread = np.maximum(np.maximum(high - low, 0.5 * base.std(axis=0)), 1e-9)
    made = []
    for rows in asked:
        moved = (features(rows, inside=False) - middle) / spread
        if texts is not None:
            moved[:, 1] = np.abs(moved[:, 1])
        made.append(moved.max(axis=1))
    return made
