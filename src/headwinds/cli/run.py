"""`headwinds run`."""

from __future__ import annotations

import argparse
import sys

from headwinds.cli.study_arguments import add_study_arguments, execute_until
from headwinds.phrases.catalogue import translate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Run the study up to this stage and print where its results are."""
    run = execute_until("report", arguments)
    from headwinds.report.from_study import gather
    from headwinds.report.summary_text import summary_lines

    sys.stdout.write("\n".join(summary_lines(gather(run), language=run.settings.study.language)) + "\n")
    path = run.results["report"].path / "report.html"
    sys.stdout.write(translate(f"Report: {path}", run.settings.study.language) + "\n")
    return 0
