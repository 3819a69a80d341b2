"""How often intervals of local projections hold the response in short panels, of the whole panel and of half panels.

python -m benchmarks.coverage.responses --draws 300
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.machine import write_table
from headwinds.explain import local_projections

ENTITIES, HORIZONS, BEFORE = 100, 5, 60
WORLDS = ((40, 0.6), (40, 0.9), (20, 0.6), (20, 0.9))
WAYS = {
    "whole panel, clustered": {"errors": "clustered"},
    "half panels, clustered": {"errors": "clustered", "half_panel": True},
    "half panels, Driscoll-Kraay": {"errors": "driscoll-kraay", "half_panel": True},
}
TEXT = f"""
{ENTITIES} entities whose outcome keeps a share of itself (persistence) and takes a shock one for one, each with a level of
its own; one lag of outcome and shock, entity and period effects. The true response at horizon h is the persistence to the
power h. Covered: by 95 % intervals, horizon 0 to {HORIZONS}; a half of 20 periods has few rows from horizon 4 on (W469).
"""


def panel(seed: int, periods: int, persistence: float) -> pd.DataFrame:
    """One panel, after so many periods that its beginning is forgotten."""
    generator = np.random.default_rng(seed)
    shock, noise = generator.standard_normal((2, ENTITIES, BEFORE + periods))
    outcome = np.zeros_like(shock)
    for period in range(1, BEFORE + periods):
        outcome[:, period] = persistence * outcome[:, period - 1] + shock[:, period] + noise[:, period]
    outcome += generator.standard_normal((ENTITIES, 1))
    return pd.DataFrame(
        {
            "entity": np.repeat([f"e{number:03d}" for number in range(ENTITIES)], periods),
            "period": np.tile(np.arange(1980, 1980 + periods), ENTITIES),
            "x": shock[:, BEFORE:].ravel(),
            "y": outcome[:, BEFORE:].ravel(),
        }
    )


def covered(periods: int, persistence: float, seed: int) -> dict[str, list[bool]]:
    """By way: whether each horizon's interval holds the truth."""
    data, truth = panel(seed, periods, persistence), persistence ** np.arange(HORIZONS + 1)
    found = {}
    for name, settings in WAYS.items():
        table = local_projections(data, "y", "x", horizons=HORIZONS, lags=1, **settings).table
        found[name] = ((table["lower"] <= truth) & (truth <= table["upper"])).tolist()
    return found


def rows(draws: int, workers: int) -> Iterator[list[str]]:
    """A row a world and way."""
    with ProcessPoolExecutor(workers) as pool:
        for periods, persistence in WORLDS:
            seen = list(pool.map(partial(covered, periods, persistence), range(draws)))
            for name in WAYS:
                share = np.mean([one[name] for one in seen], axis=0)
                yield [str(periods), f"{persistence:g}", name, *(f"{value:.1%}" for value in share)]


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    error = 100 * np.sqrt(0.95 * 0.05 / arguments.draws)
    write_table(
        Path(__file__).parent / "responses.md",
        "Coverage of responses in short panels",
        f"{TEXT.strip()} {arguments.draws} panels; a coverage of 95 % has a standard error of {error:.1f} points.",
        ["periods", "persistence", "intervals", *(f"h = {number}" for number in range(HORIZONS + 1))],
        list(rows(arguments.draws, arguments.workers)),
        f"python -m benchmarks.coverage.responses --draws {arguments.draws}",
    )


if __name__ == "__main__":
    main()
