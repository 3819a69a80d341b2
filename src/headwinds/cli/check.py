"""`headwinds check`."""

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
    run = execute_until("check", arguments)
    language = run.settings.study.language
    lines = [str(item.in_language(language)) for item in run.checked.findings]
    lines = lines or [translate("Nothing to mend.", language)]
    lines.append(translate(f"Checked: {run.results['check'].path}", language))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
