"""Do the intervals of a slope on a classified index cover as often as they say, and do the tests refuse where they do not?

python -m benchmarks.measured_regression.run --draws 1000
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from benchmarks.machine import write_table
from benchmarks.measured_regression.simulate import COLUMNS, SHAPES, Simulated, simulate

from headwinds.explain.measured.classifier import DEFAULT

from explain.classified import ClassifiedWorld  # isort: skip  (simulate.py puts tests/ on the path)

DESIGNS = {
    "400 documents, audit 1,500, T .85, F .10": ClassifiedWorld(),
    "audit 300": ClassifiedWorld(audited=300),
    "audit 5,000": ClassifiedWorld(audited=5000),
    "50 documents": ClassifiedWorld(documents=50),
    "T .95, F .03": ClassifiedWorld(true=0.95, false=0.03),
    "F rises with the truth by .15": ClassifiedWorld(drift=0.15),
    "F rises by .30": ClassifiedWorld(drift=0.3),
    "F rises by .30, audit 600": ClassifiedWorld(drift=0.3, audited=600),
    "F rises by .30, audit 5,000": ClassifiedWorld(drift=0.3, audited=5000),
    "F rises by .30, audit 20,000": ClassifiedWorld(drift=0.3, audited=20_000),
    "F rises by .30, 50 documents": ClassifiedWorld(drift=0.3, documents=50),
    "T and F differ by country, sd .05": ClassifiedWorld(by_entity=0.05),
    "by country, sd .03": ClassifiedWorld(by_entity=0.03),
    "by country, sd .05, audit 5,000": ClassifiedWorld(by_entity=0.05, audited=5000),
    "T and F differ by period, sd .05": ClassifiedWorld(by_period=0.05),
    "F rises with the outcome's residual, .03 a sd": ClassifiedWorld(differential=0.03),
    "with the residual, .06 a sd": ClassifiedWorld(differential=0.06),
    "index and errors serially correlated, .6": ClassifiedWorld(serial=0.6),
    "true slope 0": ClassifiedWorld(slope=0.0),
    "true slope 0, F rises by .30": ClassifiedWorld(slope=0.0, drift=0.3),
    "true slope 0, 10 countries": ClassifiedWorld(slope=0.0, entities=10),
    "true slope 0, 6 countries": ClassifiedWorld(slope=0.0, entities=6),
}
TEXT = """\
Panels of 40 countries x 20 periods with two-way effects and a true slope of 3 (unless said otherwise), seen through a
classifier. Each entry: mean slope / share of 95% intervals that cover the true one; where intervals are refused, their share
follows in brackets and the coverage is of those that are given. The mean slope is of all draws, refused ones too; sd is its
standard deviation. The tests' columns say how often each rejects at 5% (the middle three together). With a true slope of 0,
one less the coverage is the size of the test of no association.

*oracle* knows the propensity, *true share* that of its documents; *plug-in* corrects the error rates and not the noise;
*design-based shares* take each cell's own audit. The last three carry sampling error and the audit's own uncertainty;
*{default}* is the default. Draws are seeded; one draw of all of these took {seconds:.2f} s of one core.
"""


def row(name: str, found: Simulated) -> list[str]:
    cells = [name]
    for column in COLUMNS:
        given = ~found.refused(column)
        cover = f"{found.covered(column)[given].mean():.2f}" if given.mean() > 0.01 else "n/a"
        refused = f" ({1 - given.mean():.2f})" if given.mean() < 0.995 else ""
        spread = f" sd {found.spread(column):.2f}" if column in SHAPES else ""
        cells.append(f"{found.mean(column):.2f} / {cover}{refused}{spread}")
    middle = np.any([found.rejected(test) for test in ("effects", "entity", "period")], axis=0)
    cells += [
        f"{found.rejected('share').mean():.2f}",
        f"{middle.mean():.2f}",
        f"{found.rejected('outcome').mean():.2f}",
    ]
    return cells


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", nargs="*", type=int, default=None, help="numbers of the designs, from 0")
    arguments = parser.parse_args()
    rows, start = [], time.process_time()
    chosen = [
        item
        for number, item in enumerate(DESIGNS.items())
        if arguments.only is None or number in arguments.only
    ]
    for name, world in chosen:
        rows.append(row(name, simulate(world, arguments.draws)))
        print(" | ".join(rows[-1]), f"{time.process_time() - start:.0f} s", flush=True)
    seconds = (time.process_time() - start) / (len(rows) * arguments.draws)
    headed = [f"{name} (default)" if name == DEFAULT else name for name in COLUMNS]
    if arguments.only is None:
        write_table(
            Path(__file__).parent / "results.md",
            "Slopes on a classified index: coverage and refusals",
            TEXT.format(seconds=seconds, default=DEFAULT),
            [
                "design",
                *headed,
                "share test",
                "effects, entity or period",
                "outcome test",
            ],
            rows,
            f"python -m benchmarks.measured_regression.run --draws {arguments.draws}",
        )


if __name__ == "__main__":
    main()
