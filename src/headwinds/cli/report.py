"""`headwinds report`."""

from __future__ import annotations

import argparse

from headwinds.cli.study_arguments import add_study_arguments, execute_until
from headwinds.cli.terminal import tell, tell_as_it_is
from headwinds.phrases.catalogue import heard


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

    language = heard(run.settings.study.language)
    tell_as_it_is("\n".join(summary_lines(gather(run), language=language)))
    tell(f"Report: {run.results['report'].path / 'report.html'}", language=language)
    if arguments.brief:
        tell(f"Brief: {run.results['brief'].path / 'brief.html'}", language=language)
    return 0
