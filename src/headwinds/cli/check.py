"""`headwinds check`."""

from __future__ import annotations

import argparse
import sys

from headwinds.cli.study_arguments import add_study_arguments, execute_until


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Run the study up to this stage and print where its results are."""
    run = execute_until("check", arguments)
    found = run.checked.findings
    lines = [str(item) for item in found] or ["Nothing to mend."]
    sys.stdout.write("\n".join(lines) + f"\nChecked: {run.results['check'].path}\n")
    return 0
