"""`headwinds explain`: a study's growth results, or growth accounts from your own panel."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from headwinds.cli.explain_panel import ANALYSES
from headwinds.cli.study_arguments import add_study_arguments, execute_until
from headwinds.cli.terminal import tell
from headwinds.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)
    parser.epilog = f"One analysis of a panel: headwinds explain {{{','.join(ANALYSES)}}} --help"
    alone = parser.add_argument_group("a panel, without a study")
    alone.add_argument(
        "--panel",
        help="Penn World Table, or a table with its series names (CSV, Parquet, Excel); with --output",
    )
    alone.add_argument(
        "--entity", default="entity", metavar="COLUMN", help="entities of a plain table (default: entity)"
    )
    alone.add_argument(
        "--period", default="period", metavar="COLUMN", help="years of a plain table (default: period)"
    )
    alone.add_argument(
        "--entities", default="all", metavar="CODE[,CODE]", help="codes, or all, or OECD (default: all)"
    )
    alone.add_argument(
        "--before", default="1995-2004", metavar="YEAR-YEAR", help="the first span (default: 1995-2004)"
    )
    alone.add_argument(
        "--after", default="2004-2019", metavar="YEAR-YEAR", help="the second span (default: 2004-2019)"
    )
    alone.add_argument(
        "--outcome", default="rtfpna", metavar="SERIES", help="whose growth is compared (default: rtfpna)"
    )
    alone.add_argument("--index", metavar="FOLDER", help="an index by entity and year that `measure` wrote")
    alone.add_argument(
        "--labels", default="", metavar="LABEL[,LABEL]", help="labels of the index (default: all)"
    )
    alone.add_argument(
        "--lag", type=int, default=1, metavar="YEARS", help="how long the index comes first (default: 1)"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Run the study up to this stage, or explain the panel; print what was found and where it is."""
    if arguments.panel:
        return _alone(arguments)
    run = execute_until("explain", arguments)
    found = run.results.get("explain")
    language = run.settings.study.language
    if found:
        tell(f"Growth: {found.path}", language=language)
    else:
        tell("The study names no panel ([explain] panel), so there is nothing to explain.", language=language)
    return 0


def _alone(arguments: argparse.Namespace) -> int:
    from headwinds.study.growth_files import GrowthFile, explain_file

    if not arguments.output or arguments.study:
        raise SettingsError("--panel goes with --output FOLDER, and without a study file.")
    growth = GrowthFile(
        path=Path(arguments.panel),
        entity=arguments.entity,
        period=arguments.period,
        entities=names(arguments.entities),
        before=span("--before", arguments.before),
        after=span("--after", arguments.after),
        outcome=arguments.outcome,
        index=Path(arguments.index) if arguments.index else None,
        labels=names(arguments.labels),
        lag=arguments.lag,
    )
    found = explain_file(growth, Path(arguments.output))
    tell(found.summary())
    tell(f"Growth: {found.path}")
    return 0


def names(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def span(name: str, text: str) -> tuple[int, int]:
    """Two years of an argument of this name."""
    years = re.fullmatch(r"(\d{4})-(\d{4})", text.strip())
    if not years:
        raise SettingsError(f"{name} {text!r} is no span of years.", remedy="Write it as 1995-2004.")
    return int(years.group(1)), int(years.group(2))
