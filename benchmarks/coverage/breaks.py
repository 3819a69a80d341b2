"""How often a break is seen where there is none, and how often a date's interval holds the date, at full size.

python -m benchmarks.coverage.breaks --draws 400
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import stats

from benchmarks.machine import write_table

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from explain.broken import panel, series  # noqa: E402
from headwinds.explain.breaks import find_breaks, find_common_breaks  # noqa: E402
from headwinds.explain.breaks.null_distribution import null_distribution  # noqa: E402

YEARS = 60


def tabled(length: int) -> tuple[float, float]:
    """5 % critical values of sup-F of one break and of UDmax of three under independent errors, as tables have them."""
    null = null_distribution(
        np.ones((length, 1)),
        int(0.15 * length),
        3,
        draws=4999,
        seed=0,
    )
    return float(np.quantile(null[:, 0], 0.95)), float(np.quantile(null.max(axis=1), 0.95))


def sizes(draws: int) -> list[list[str]]:
    """Series without a break: how often each test sees one at a nominal 5 %."""
    one, some = tabled(YEARS)
    rows = []
    for persistence, calmer in ((0.0, 1.0), (0.5, 1.0), (0.0, 2.0), (0.0, 1 / 3)):
        for hac in (False, True):
            seen = np.zeros(5)
            for seed in range(draws):
                values = series(seed, YEARS, persistence, calmer=calmer)
                tests = find_breaks(values, most=3, hac=hac, draws=199, seed=seed).tests
                naive = stats.f.sf(tests[0].statistic, 1, YEARS - 2) <= 0.05
                seen += [
                    naive,
                    tests[0].statistic > one,
                    tests[3].statistic > some,
                    tests[0].p_value <= 0.05,
                    tests[3].p_value <= 0.05,
                ]
            rows.append(
                [
                    (f"AR({persistence:g})" if persistence else "independent")
                    + {1.0: "", 2.0: ", half as large from the middle on"}.get(
                        calmer, ", three times as large from the middle on"
                    ),
                    "hac" if hac else "plain",
                    *(f"{share:.1%}" for share in seen / draws),
                ]
            )
    return rows


def dates(draws: int) -> list[list[str]]:
    """Series with one break of known date: how often the interval holds it, and how long it is."""
    rows = []
    worlds = [(100, 0.0, shift) for shift in (0.5, 0.7, 1.0, 1.5, 2.0)] + [(100, 0.5, 1.5), (100, 0.5, 2.5)]
    for length, persistence, shift in worlds:
        row = [f"{length} periods, AR({persistence:g}), {shift:g} sd"]
        for interval in ("likelihood-ratio", "bai"):
            inside, width = 0, 0
            for seed in range(draws):
                values = series(seed, length, persistence, shift=shift)
                lower, upper = find_breaks(
                    values, most=1, number=1, draws=9, hac=persistence > 0, interval=interval
                ).intervals[0]
                inside += lower <= length // 2 <= upper
                width += upper - lower + 1
            row += [f"{inside / draws:.1%}", f"{width / draws:.1f}"]
        rows.append(row)
    return rows


def panels(draws: int) -> list[list[str]]:
    """Panels of 12 entities and 45 years: tests under no break, and intervals of common dates."""
    rows = []
    for persistence, shared in ((0.0, 0.0), (0.0, 1.0), (0.4, 1.0)):
        seen = sum(
            find_common_breaks(
                panel(seed, persistence=persistence, shared=shared), most=2, draws=99, seed=seed
            )
            .tests[2]
            .p_value
            <= 0.05
            for seed in range(draws)
        )
        rows.append(
            [f"no break, AR({persistence:g}), shared {shared:g}", f"UDmax rejects {seen / draws:.1%}", ""]
        )
    for shift, spread, persistence, shared, variance in (
        (0.35, 0.2, 0.0, 0.0, 1),
        (0.8, 0.3, 0.0, 1.0, 1),
        (1.5, 0.3, 0.4, 1.0, 1),
        (0.35, 0.2, 0.0, 0.0, 3),
        (0.8, 0.3, 0.0, 0.0, 3),
    ):
        inside, width = 0, 0
        for seed in range(draws):
            table = panel(
                seed,
                persistence=persistence,
                shared=shared,
                shift=shift,
                spread=spread,
                calmer=variance**-0.5,
            )
            lower, upper = find_common_breaks(table, most=2, number=1, draws=9).intervals[0]
            inside += lower <= 1975 + 45 // 2 - 1 <= upper
            width += upper - lower + 1
        rows.append(
            [
                f"shift {shift:g} (spread {spread:g}), AR({persistence:g}), shared {shared:g}"
                + (f", the variance {variance} times as large after it" if variance > 1 else ""),
                f"covered {inside / draws:.1%}",
                f"{width / draws:.1f}",
            ]
        )
    return rows


def main() -> None:
    """Write the three tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=400)
    draws = parser.parse_args().draws
    folder = Path(__file__).parent
    command = f"python -m benchmarks.coverage.breaks --draws {draws}"
    write_table(
        folder / "breaks-size.md",
        "Tests of no break where nothing breaks, nominal 5 %",
        f"{YEARS} periods, trimming 0.15, UDmax of up to three breaks. `ordinary F`: the largest F judged as if its date "
        "had been known. `independent law`: critical values of independent errors, as in tables. `ours`: `find_breaks`.",
        [
            "errors",
            "statistic",
            "ordinary F",
            "sup-F, independent law",
            "UDmax, independent law",
            "sup-F, ours",
            "UDmax, ours",
        ],
        sizes(draws),
        command,
    )
    write_table(
        folder / "breaks-dates.md",
        "Coverage of 95 % intervals of dates",
        "One break in the middle; the shift in standard deviations of the error.",
        ["world", "likelihood ratio", "periods", "Bai (1997)", "periods "],
        dates(draws),
        command,
    )
    write_table(
        folder / "breaks-panels.md",
        "Common breaks of a panel",
        "12 entities, 45 years; `shared` is the standard deviation of an error that all entities share.",
        ["world", "found", "periods"],
        panels(draws),
        command,
    )


if __name__ == "__main__":
    main()
