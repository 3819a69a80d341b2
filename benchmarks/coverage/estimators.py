"""Every estimator in every scenario: error, width, coverage, and how often the diagnostic rejects."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field

import numpy as np

from benchmarks.coverage.scenarios import SCENARIOS, Scenario
from headwinds.measure.cells import make_cells
from headwinds.measure.estimators.classify_and_count import gold_against_counts
from headwinds.measure.gold_draws import gold_draws
from headwinds.measure.pooling_tests import pooling_rejections
from headwinds.measure.quantification.rate_tests import rate_rejections
from headwinds.measure.registry import CONSTANT_ERROR, get_estimator
from headwinds.measure.shares import estimate_shares
from measure.worlds import draw

DEFAULT = "the default"
SLOW = {"kernel-density": 0.25, "bayesian": 0.5}
"""Share of the draws that slow estimators take part in."""
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

    def sums(self) -> tuple[float, float, float, float, float]:
        """Share defined, mean error, standard deviation, mean width, coverage."""
        rows = np.concatenate(self.rows)
        there = ~np.isnan(rows[:, 2])
        kept = rows[there]
        if not len(kept):
            return 0.0, *[float("nan")] * 4
        return float(there.mean()), *(
            float(one) for one in (kept[:, 0].mean(), kept[:, 0].std(), kept[:, 2].mean(), kept[:, 1].mean())
        )


def simulate(
    scenario: Scenario, draws: int, seed: int = 1
) -> tuple[dict[str, Tally], dict[str, float], float]:
    """Tallies by estimator, how often each estimator's diagnostic rejected, and the classifier's mean F1."""
    rng = np.random.default_rng(seed)
    tallies = {name: Tally() for name in (DEFAULT, *scenario.estimators)}
    rejections: dict[str, list[bool]] = {"rates": [], "pooling": [], "counts": [], "together": []}
    scores = []
    for number in range(draws):
        drawn = draw(scenario.world, rng)
        cells = make_cells(drawn.frame, scenario.by)
        size = np.bincount(cells.code)
        truth = np.concatenate([np.bincount(cells.code, weights=column) / size for column in drawn.truth.T])
        if scenario.world.kind != "score":
            decided, held = drawn.frame.label[:, 0], drawn.truth[:, 0]
            scores.append(2 * (decided * held).sum() / (decided.sum() + held.sum()))
            rejections["rates"].append(bool(rate_rejections(drawn.frame, cells)))
        rejections["together"].append(gold_draws(drawn.frame)[1])
        rejections["counts"].append(bool(gold_against_counts(drawn.frame)))
        if scenario.by:
            rejections["pooling"].append(bool(pooling_rejections(drawn.frame, cells)))
        tallies[DEFAULT].add(estimate_shares(drawn.frame, cells), truth)
        for name in scenario.estimators:
            if number >= SLOW.get(name, 1.0) * draws:
                continue
            options = {"on_drift": "ignore"} if name in CONSTANT_ERROR else {}
            tallies[name].add(get_estimator(name)(drawn.frame, cells, **options), truth)
    share = {name: float(np.mean(seen)) if seen else float("nan") for name, seen in rejections.items()}
    rejected = dict.fromkeys(CONSTANT_ERROR, share["rates"])
    rejected["bayesian"] = max(share["rates"], share["together"])
    rejected["classify-and-count"] = share["counts"]
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
        rows += [
            _row(scenario, name, tally, rejected.get(name), reference) for name, tally in tallies.items()
        ]
    return rows


def _row(scenario: Scenario, name: str, tally: Tally, rejected: float | None, reference: float) -> list[str]:
    defined, error, deviation, width, covered = tally.sums()
    holds = name == DEFAULT or name in scenario.holds
    shown = f"{name} ({', '.join(sorted(tally.methods))})" if name == DEFAULT else name
    return [
        scenario.letter,
        scenario.name,
        shown,
        f"{tally.draws:,}",
        f"{defined:.0%}",
        f"{error:+.4f}",
        f"{deviation:.4f}",
        f"{width:.4f} ({width / reference - 1:+.0%})",
        f"{covered:.1%}",
        "holds" if holds else "fails",
        "" if rejected is None or rejected != rejected else f"{rejected:.0%}",
        _verdict(name, holds, covered, width, reference, rejected),
    ]


def _verdict(
    name: str, holds: bool, covered: float, width: float, reference: float, rejected: float | None
) -> str:
    if name == DEFAULT:
        return "as promised" if covered >= 0.92 and width <= reference else "NOT AS PROMISED"
    if holds:
        return "as promised" if 0.93 <= covered <= 0.97 else "too wide" if covered > 0.97 else "TOO NARROW"
    if rejected is None or rejected != rejected:
        return "no diagnostic"
    return "found out" if rejected > 0.8 else "NOT FOUND OUT" if covered < 0.93 else "did no harm"
