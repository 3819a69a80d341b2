"""The UN study's six indices four ways, side by side with their widths: run with a finished run of the study.

    headwinds run studies/un-debates/study.toml --output RUN
    python -m benchmarks.un_indices.run RUN

Labelled-only takes the gold of a cell alone; model-assisted corrects the predictions by the gold of the cell alone; pooled
lets a cell with too little gold borrow its correction from its stratum; small-area mixes what its own gold says with what
its stratum's says, by their variances (Fay and Herriot).
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

from headwinds.measure.cells import make_cells
from headwinds.measure.estimators import difference, labelled_only, small_area
from headwinds.measure.registry import choose_estimator
from headwinds.study.data import read_checked
from headwinds.study.frame import read_frame
from headwinds.study.study_file import read_study

ROOT = Path(__file__).resolve().parents[2]
WAYS = ("labelled-only", "model-assisted", "pooled", "small-area")
CELLS = {"whole corpus": (), "by year": ("year",), "by country and year": ("country", "year")}


def estimates(frame, by):
    """The index four ways; the first two from a cell's own gold."""
    cells = make_cells(frame, by)
    return dict(
        zip(
            WAYS,
            (
                labelled_only.estimate(frame, cells),
                difference.estimate(frame, cells, pooling=False),
                difference.estimate(frame, cells),
                small_area.estimate(frame, cells),
            ),
            strict=True,
        )
    )


def defaults(frame):
    """What the study's default is for each kind of cell, and why."""
    said = [
        f"- {name}: {' '.join(choose_estimator(frame, make_cells(frame, by))).replace(' ', ': ', 1)}"
        for name, by in CELLS.items()
    ]
    return "The default (`auto`) by kind of cell:\n\n" + "\n".join(said) + "\n\n"


def line(label, index):
    """Cells with a value, a standard error, an interval; median share, standard error and half-width, in points."""
    rows = np.array([one == label for one in index.labels])
    value, error = index.value[rows], np.sqrt(index.variance[rows])
    half = (index.upper - index.lower)[rows] / 2
    counts = [int(np.isfinite(values).sum()) for values in (value, error, half)]

    def median(values):
        known = values[np.isfinite(values)]
        return f"{100 * np.median(known):.2f}" if len(known) else "-"

    return (
        " | ".join([*(f"{count:,}" for count in counts), median(value), median(error), median(half)]) + " |"
    )


def table(frame):
    """Markdown: a row a label and way, a block a kind of cell."""
    lines = []
    for name, by in CELLS.items():
        found = estimates(frame, by)
        lines += [
            f"\n### {name}\n",
            "| label | way | cells with a value | with a standard error | with an interval | median share, % | "
            "median standard error, points | median half-width, points |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for label in frame.label_names:
            lines += [f"| {label} | {way} | {line(label, found[way])}" for way in WAYS]
    return "\n".join(lines).strip() + "\n"


def changes(frame):
    """The change from 1995-2004 to 2010-2019, label by label: what a reader asks of an index by year."""
    from headwinds.measure import change

    found = estimates(frame, ("year",))
    lines = ["| label | way | change, points | 95% interval |", "|---|---|---|---|"]
    for label in frame.label_names:
        for way in WAYS:
            made = change(found[way], "year", (1995, 2004), (2010, 2019))
            row = made.labels.index(label)
            if np.isnan(made.lower[row]):
                lines.append(f"| {label} | {way} | not available | not available |")
            else:
                value, lower, upper = 100 * made.value[row], 100 * made.lower[row], 100 * made.upper[row]
                lines.append(f"| {label} | {way} | {value:+.2f} | {lower:+.2f} to {upper:+.2f} |")
    return "\n".join(lines) + "\n"


def neighbours(frame):
    """Changes from one year to the next that are told apart from zero, of all that have an interval."""
    from headwinds.measure import difference as between

    found = estimates(frame, ("year",))
    years = [cell[0] for cell in found["pooled"].cells][: len(set(found["pooled"].cells))]
    lines = ["| way | told apart from zero | of | which |", "|---|---|---|---|"]
    for way in WAYS:
        apart, known = [], 0
        for first, second in pairwise(years):
            made = between(found[way], (first,), (second,))
            for label, value, lower, upper in zip(
                made.labels, made.value, made.lower, made.upper, strict=True
            ):
                known += bool(np.isfinite(lower))
                if lower > 0 or upper < 0:
                    apart.append(
                        f"{label} {first}-{second} {100 * value:+.2f} [{100 * lower:+.2f}, {100 * upper:+.2f}]"
                    )
        lines.append(f"| {way} | {len(apart)} | {known} | {'; '.join(apart) or '-'} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a finished run of studies/un-debates")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results.md")
    arguments = parser.parse_args()
    settings = read_study(ROOT / "studies" / "un-debates" / "study.toml")
    checked = read_checked(arguments.run / "check")
    frame = read_frame(settings, checked, arguments.run / "score" / "scores.parquet")
    text = (
        "# The UN study's indices four ways\n\nMade by `python -m benchmarks.un_indices.run RUN`; what it says stands in "
        "docs/explanation/three-indices.md.\n\n"
        + defaults(frame)
        + table(frame)
        + "\n### change from 1995-2004 to 2010-2019\n\n"
        + changes(frame)
        + "\n### changes from one year to the next\n\n"
        + neighbours(frame)
    )
    arguments.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
