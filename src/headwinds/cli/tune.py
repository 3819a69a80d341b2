"""`headwinds tune`."""

from __future__ import annotations

import argparse
import sys

from headwinds.cli.study_arguments import add_study_arguments, execute_until


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Run the study up to this stage and print where its results are."""
    run = execute_until("tune", arguments)
    from headwinds.adapt.evaluation.store import read_evaluation

    folder = run.results["tune/evaluation"].path
    for system in read_evaluation(folder).systems:
        f1, precision = system.macro["f1"], system.macro["average_precision"]
        shown = "not available" if precision.value != precision.value else f"{precision.value:.3f}"
        sys.stdout.write(
            f"{system.system}: macro F1 {f1.value:.3f} ({f1.lower:.3f} to {f1.upper:.3f}), average precision {shown}\n"
        )
    sys.stdout.write(f"Models and metrics: {folder.parent}\n")
    return 0
