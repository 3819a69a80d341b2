"""Every estimator in every scenario: error, width, coverage, and how often the diagnostic rejects."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field

import numpy as np

from benchmarks.coverage.scenarios import SCENARIOS, Scenario
from headwinds.measure.cells import make_cells
from headwinds.measure.estimators import classify_and_count
from headwinds.measure.gold_draws import gold_draws
from headwinds.measure.pooling_tests import pooling_rejections
from headwinds.measure.quantification.rate_tests import rate_rejections
from headwinds.measure.registry import CONSTANT_ERROR, get_estimator
from headwinds.measure.shares import estimate_shares
from measure.worlds import draw

DEFAULT = "the default"
SLOW = {"kernel-density": 0.25, "bayesian": 0.5}
"""Share of the draws that slow estimators take part in."""
ONE_CELL = 4
"""How many times as many draws there are of a scenario with one cell, each of which gives one interval."""
PROMISED_F1, PROMISED_GAIN = 0.795, 0.30
COLUMNS = [
    "",
    "scenario",
    "estimator",
    "draws",
    "defined",
    "mean error",
    "standard deviation",
    "mean width",
    "covered",
    "its assumption",
    "rejected",
    "verdict",
]


@dataclass
class Tally:
    """What one estimator did in one scenario; `rows` holds error, hit and width of each interval."""

    draws: int = 0
    rows: list[np.ndarray] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)

    def add(self, result, truth: np.ndarray) -> None:
        self.draws += 1
        self.methods.add(result.method)
        hit = (result.lower <= truth) & (truth <= result.upper)
        self.rows.append(np.column_stack([result.value - truth, hit, result.upper - result.lower]))

    def sums(self) -> tuple[float, float, float, float, float, float]:
        """Share defined, mean error, standard deviation, mean width, coverage, and its Monte Carlo standard error."""
        rows = np.concatenate(self.rows)
        there = ~np.isnan(rows[:, 2])
        kept = rows[there]
        if not len(kept):
            return 0.0, *[float("nan")] * 5
        covered = kept[:, 1].mean()
        # The intervals of one draw hang together: draws are counted, not intervals.
        missed = [(one[~np.isnan(one[:, 2]), 1] - covered).sum() for one in self.rows]
        spread = np.sqrt(np.sum(np.square(missed))) / len(kept)
        return float(there.mean()), *(
            float(one) for one in (kept[:, 0].mean(), kept[:, 0].std(), kept[:, 2].mean(), covered, spread)
        )


def simulate(
    scenario: Scenario, draws: int, seed: int = 1
) -> tuple[dict[str, Tally], dict[str, float], float]:
    """Tallies by estimator, how often each estimator's diagnostic rejected, and the classifier's mean F1."""
    rng = np.random.default_rng(seed)
    tallies = {name: Tally() for name in (DEFAULT, *scenario.estimators)}
    rejections: dict[str, list[bool]] = {"rates": [], "pooling": [], "counts": [], "off": [], "together": []}
    scores = []
    for number in range(draws if scenario.by else ONE_CELL * draws):
        drawn = draw(scenario.world, rng)
        cells = make_cells(drawn.frame, scenario.by)
        size = np.bincount(cells.code)
        truth = np.concatenate([np.bincount(cells.code, weights=column) / size for column in drawn.truth.T])
        if scenario.world.kind != "score":
            decided, held = drawn.frame.label[:, 0], drawn.truth[:, 0]
            scores.append(2 * (decided * held).sum() / (decided.sum() + held.sum()))
            rejections["rates"].append(bool(rate_rejections(drawn.frame, cells)))
        rejections["together"].append(gold_draws(drawn.frame)[1])
        said = {finding.code for finding in classify_and_count.estimate(drawn.frame, cells).findings}
        rejections["counts"].append(bool(said & {"W327", "W353"}))
        rejections["off"].append("W327" in said)
        if scenario.by:
            rejections["pooling"].append(bool(pooling_rejections(drawn.frame, cells)))
        tallies[DEFAULT].add(estimate_shares(drawn.frame, cells), truth)
        for name in scenario.estimators:
            if number >= SLOW.get(name, ONE_CELL) * draws:
                continue
            options = {"on_drift": "ignore"} if name in CONSTANT_ERROR else {}
            tallies[name].add(get_estimator(name)(drawn.frame, cells, **options), truth)
    share = {name: float(np.mean(seen)) if seen else float("nan") for name, seen in rejections.items()}
    rejected = dict.fromkeys(CONSTANT_ERROR, share["rates"])
    rejected["bayesian"] = max(share["rates"], share["together"])
    rejected["classify-and-count"], rejected["off"] = share["counts"], share["off"]
    if scenario.pooled:
        rejected["difference"] = share["pooling"]
    return tallies, rejected, float(np.mean(scores)) if scores else float("nan")


def table(draws: int) -> list[list[str]]:
    """All rows."""
    rows = []
    for scenario in SCENARIOS:
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of QuaPy's imports
            tallies, rejected, score = simulate(scenario, draws)
        print(f"{scenario.name}: F1 {score:.3f}, {time.perf_counter() - start:.0f} s", flush=True)
        reference = tallies["labelled-only"].sums()[3]
        rows += [_row(scenario, name, tally, rejected, reference, score) for name, tally in tallies.items()]
    return rows


def _row(
    scenario: Scenario, name: str, tally: Tally, rejections: dict[str, float], reference: float, score: float
) -> list[str]:
    defined, error, deviation, width, covered, spread = tally.sums()
    holds = name == DEFAULT or name in scenario.holds
    shown = f"{name} ({', '.join(sorted(tally.methods))})" if name == DEFAULT else name
    rejected = rejections.get(name)
    said = "" if rejected is None or rejected != rejected else f"{rejected:.0%}"
    if name == "classify-and-count":
        said += f" ({rejections['off']:.0%} off)"
    return [
        scenario.letter,
        scenario.name,
        shown,
        f"{tally.draws:,}",
        f"{defined:.0%}",
        f"{error:+.4f}",
        f"{deviation:.4f}",
        f"{width:.4f} ({width / reference - 1:+.0%})",
        f"{covered:.1%} ± {spread:.1%}",
        "holds" if holds else "fails",
        said,
        _default_verdict(covered, width / reference - 1, score)
        if name == DEFAULT
        else _verdict(holds, covered, 2 * spread, rejected),
    ]


def _default_verdict(covered: float, gain: float, score: float) -> str:
    narrow = gain <= -PROMISED_GAIN if score >= PROMISED_F1 else gain <= 0
    return "as promised" if covered >= 0.92 and narrow else "NOT AS PROMISED"


def _verdict(holds: bool, covered: float, tolerance: float, rejected: float | None) -> str:
    if holds:
        if covered > 0.97 + tolerance:
            return "too wide"
        return "as promised" if covered >= 0.93 - tolerance else "TOO NARROW"
    if rejected is not None and rejected > 0.8:
        return "found out"
    return "NOT FOUND OUT" if covered < 0.93 - tolerance else "did no harm"
