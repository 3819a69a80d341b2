"""`headwinds trace`: the passages behind a number, or the documents behind a jump."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwinds.cli.study_arguments import add_kind_arguments, add_study_arguments, execute_until
from headwinds.cli.terminal import tell
from headwinds.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)
    parser.add_argument(
        "--cell", required=True, metavar="KEY=VALUE[,...]", help="e.g. label=divide,year=1998"
    )
    parser.add_argument("--to", metavar="KEY=VALUE[,...]", help="the documents of the change to this cell")
    parser.add_argument("--limit", type=int, default=20, help="rows shown (default 20)")
    parser.add_argument("--save", metavar="FILE", help="write the rows as CSV")
    parser.add_argument(
        "--for-spreadsheets",
        action="store_true",
        help="with --save: an apostrophe before texts that a spreadsheet would take for formulas",
    )
    alone = parser.add_argument_group("scores of any classifier, without a study")
    alone.add_argument("--scores", help="passages with a column probability_<label> each; with --gold")
    alone.add_argument(
        "--weight", default="", metavar="COLUMN", help="how many passages of the population each stands for"
    )
    alone.add_argument("--document", default="document_id", metavar="COLUMN", help='"" if none')
    alone.add_argument(
        "--stratum", default="", metavar="COLUMN[,COLUMN]", help="strata within which gold was drawn"
    )
    add_kind_arguments(alone)


def execute(arguments: argparse.Namespace) -> int:
    """Trace, print, and save."""
    from headwinds.cli.measure import columns
    from headwinds.doors.tracing import trace_file
    from headwinds.study.trace_files import read_point, save_trace, trace_study

    if arguments.for_spreadsheets and not arguments.save:
        raise SettingsError("--for-spreadsheets goes with --save FILE.")
    if arguments.scores:
        if not arguments.gold or arguments.study:
            raise SettingsError("--scores goes with --gold FILE, and without a study file.")
        found = trace_file(
            arguments.scores,
            arguments.gold,
            arguments.cell,
            to=arguments.to or "",
            limit=arguments.limit,
            document_id=arguments.document,
            weight=arguments.weight,
            stratum=columns(arguments.stratum),
            kind=arguments.kind,
            grades=arguments.grades,
        )
    else:
        point = read_point(arguments.cell)
        to = read_point(arguments.to, label=point.label) if arguments.to else None
        found = trace_study(execute_until("measure", arguments), point, to, limit=arguments.limit)
    tell(found.summary())
    if arguments.save:
        save_trace(found, Path(arguments.save), for_spreadsheets=arguments.for_spreadsheets)
        tell(f"Rows: {arguments.save}")
    return 0
