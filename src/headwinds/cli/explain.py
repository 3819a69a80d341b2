"""`headwinds explain`."""

from __future__ import annotations

import argparse
import sys

from headwinds.cli.study_arguments import add_study_arguments, execute_until


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Run the study up to this stage and print where its results are."""
    run = execute_until("explain", arguments)
    found = run.results.get("explain")
    sys.stdout.write(
        f"Growth: {found.path}\n"
        if found
        else "The study names no panel ([explain] panel), so there is nothing to explain.\n"
    )
    return 0
