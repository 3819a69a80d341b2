"""The picture of the page `docs/explanation/why-a-naive-index-misleads.md`: slopes by estimator in four worlds.

python -m benchmarks.measured_regression.picture --draws 200
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from benchmarks.measured_regression.simulate import COLUMNS, simulate

from headwinds.drawing.canvas import FAINT, INK, PALETTE, new_figure, style, to_bytes

from explain.classified import ClassifiedWorld  # isort: skip  (simulate.py puts tests/ on the path)

WORLDS = {
    "400 documents a cell": ClassifiedWorld(),
    "50 documents a cell": ClassifiedWorld(documents=50),
    "false calls rise with the truth": ClassifiedWorld(drift=0.3),
    "countries differ in error rates": ClassifiedWorld(by_entity=0.05),
}
SHOWN = {
    "true share": "true share of the documents",
    "naive": "naive: predicted share",
    "plug-in": "error rates corrected, noise not",
    "constant": "both, constant error rates",
    "smooth": "both, smooth error rates",
    "within": "both, smooth within effects",
}
OUT = Path(__file__).resolve().parents[2] / "docs" / "images" / "slopes-by-estimator.svg"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--png", type=Path, help="also write a PNG here, to look at")
    arguments = parser.parse_args()
    with style():
        figure = new_figure(8.2, 5.2)
        grid = figure.subplots(2, 2, sharex=True, sharey=True)
        for axes, (title, world) in zip(grid.ravel(), WORLDS.items(), strict=True):
            found = simulate(world, arguments.draws)
            axes.axvline(world.slope, color=INK, linewidth=0.9)
            for place, column in enumerate(SHOWN):
                slopes = found.slope[:, COLUMNS.index(column)]
                lower, middle, upper = np.nanquantile(slopes, [0.025, 0.5, 0.975])
                covered = found.covered(column).mean()
                colour = PALETTE[2] if covered >= 0.9 else PALETTE[1]
                axes.plot([lower, upper], [place, place], color=colour, linewidth=2.2)
                axes.plot([middle], [place], "o" if covered >= 0.9 else "s", color=colour, markersize=5)
                axes.text(5.08, place, f"{covered:.0%}", ha="left", va="center", fontsize=8.5, color=FAINT)
            axes.set_yticks(range(len(SHOWN)), list(SHOWN.values()))
            axes.set_ylim(len(SHOWN) - 0.5, -0.5)
            axes.set_xlim(1.0, 5.0)
            axes.set_title(title)
            axes.grid(visible=False, axis="y")
        for axes in grid[1]:
            axes.set_xlabel("slope (true: 3)")
    OUT.write_bytes(to_bytes(figure)[0])
    if arguments.png:
        arguments.png.write_bytes(to_bytes(figure)[1])


if __name__ == "__main__":
    main()
