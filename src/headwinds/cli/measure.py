"""`headwinds measure`: a study's indices, or those of any classifier's scores and your gold labels."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.cli.study_arguments import add_kind_arguments, add_study_arguments, execute_until
from headwinds.cli.terminal import tell, tell_as_it_is, tell_lines
from headwinds.contracts import Finding
from headwinds.errors import SettingsError
from headwinds.measure.registry import ESTIMATORS

if TYPE_CHECKING:
    from headwinds.contracts import Indicator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)
    alone = parser.add_argument_group("scores of any classifier, without a study")
    alone.add_argument(
        "--scores",
        help="passages with a column probability_<label> each (graded: score_<label>); with --gold and --output (CSV, "
        "JSONL, Parquet)",
    )
    alone.add_argument(
        "--by",
        action="append",
        metavar="COLUMN[,COLUMN]",
        help="measure by these columns; may be given again",
    )
    alone.add_argument(
        "--weight", default="", metavar="COLUMN", help="how many passages of the population each stands for"
    )
    alone.add_argument(
        "--document", default="document_id", metavar="COLUMN", help='passages drawn together; "" if none'
    )
    alone.add_argument(
        "--stratum", default="", metavar="COLUMN[,COLUMN]", help="strata within which gold was drawn"
    )
    alone.add_argument(
        "--estimator",
        default="auto",
        metavar="NAME",
        help=f"auto (what the data allow), or one of {', '.join(ESTIMATORS)}",
    )
    alone.add_argument(
        "--fit", action="append", default=[], metavar="FILE", help="scores of another fit; may be given again"
    )
    alone.add_argument(
        "--wording",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="scores under another wording of the codebook; may be given again",
    )
    add_kind_arguments(alone)
    alone.add_argument(
        "--pretraining-until",
        default="",
        metavar="YEAR[-MONTH]",
        help="until when the model's own texts reach",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Measure, and print the indices or where they are."""
    if arguments.scores:
        return _alone(arguments)
    run = execute_until("measure", arguments)
    tell(f"Indices: {run.results['measure'].path}", language=run.settings.study.language)
    return 0


def _alone(arguments: argparse.Namespace) -> int:
    from headwinds.study.own_files import measure_file
    from headwinds.study.scores_file import ScoresFile

    if not arguments.gold or not arguments.output or arguments.study:
        raise SettingsError("--scores goes with --gold FILE and --output FOLDER, and without a study file.")
    scores = ScoresFile(
        path=Path(arguments.scores),
        by=tuple(columns(item) for item in arguments.by or ("",)),
        document_id=arguments.document,
        weight=arguments.weight,
        stratum=columns(arguments.stratum),
        kind=arguments.kind,
        grades=arguments.grades,
    )
    output = Path(arguments.output)
    found = measure_file(
        scores,
        Path(arguments.gold),
        output,
        estimator=arguments.estimator,
        fits=tuple(Path(path) for path in arguments.fit),
        wordings=_wordings(arguments.wording),
        pretraining_until=arguments.pretraining_until,
    )
    for name, indicator in found.items():
        tell_as_it_is(f"{name}: {output / 'measure' / name / 'index.csv'}")
        if arguments.kind != "multi-label":
            tell(f"  {_said(indicator, arguments)}")
        tell_lines(f"  {line}" for line in _lines(indicator))
        tell_lines(f"  {finding}" for finding in indicator.findings)
    for said in json.loads((output / "measure" / "diagnostics.json").read_text(encoding="utf-8")):
        tell(str(Finding(**said)))
    return 0


def _said(indicator: Indicator, arguments: argparse.Namespace) -> str:
    """What the numbers are."""
    if indicator.unit != "share":
        return f"Mean score, from 0 to {arguments.grades}, with its 95 % interval:"
    return "Share of passages of each class, with its 95 % interval:"


def _wordings(given: list[str]) -> dict[str, Path]:
    found = {}
    for one in given:
        name, equals, path = one.partition("=")
        if not (name.strip() and equals and path.strip()):
            raise SettingsError(f"--wording {one!r} cannot be used: expected NAME=FILE.")
        found[name.strip()] = Path(path.strip())
    return found


def columns(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _lines(indicator: Indicator) -> list[str]:
    """The first rows as a person reads them; all of them are in the file."""
    shown = 20
    rows = zip(
        indicator.labels, indicator.cells, indicator.value, indicator.lower, indicator.upper, strict=True
    )
    form = ".2%" if indicator.unit == "share" else ".3f"
    lines = [
        f"{label} {' '.join(map(str, cell))}: "
        + ("not available" if value != value else f"{value:{form}}")
        + (" (no interval)" if lower != lower else f" [{lower:{form}}, {upper:{form}}]")
        for label, cell, value, lower, upper in rows
    ]
    return lines[:shown] + ([f"... and {len(lines) - shown} more"] if len(lines) > shown else [])
