"""`headwinds check`."""

from __future__ import annotations

import argparse

from headwinds.cli.study_arguments import add_study_arguments, execute_until
from headwinds.cli.terminal import tell, tell_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Run the study up to this stage and print where its results are."""
    run = execute_until("check", arguments)
    language = run.settings.study.language
    tell_lines(run.checked.findings, language=language)
    if not run.checked.findings:
        tell("Nothing to mend.", language=language)
    tell(f"Checked: {run.results['check'].path}", language=language)
    return 0
