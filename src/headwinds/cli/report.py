"""`headwinds report`."""

from __future__ import annotations

import argparse
import sys

from headwinds.cli.study_arguments import add_study_arguments, execute_until
from headwinds.phrases.catalogue import translate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)
    parser.add_argument(
        "--brief", action="store_true", help="a brief too: one page in plain words, made to be printed"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Run the study up to this stage and print where its results are."""
    run = execute_until("report", arguments, brief=arguments.brief)
    from headwinds.report.from_study import gather
    from headwinds.report.summary_text import summary_lines

    language = run.settings.study.language
    lines = summary_lines(gather(run), language=language)
    lines.append(translate(f"Report: {run.results['report'].path / 'report.html'}", language))
    if arguments.brief:
        lines.append(translate(f"Brief: {run.results['brief'].path / 'brief.html'}", language))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
