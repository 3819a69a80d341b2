"""`headwinds doctor`."""

from __future__ import annotations

import argparse
import json
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("--output", default="runs", help="folder where results would go (default: runs)")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Print what there is; exit code 2 only if something that is needed is broken."""
    from headwinds.doors.inspecting import doctor

    found = doctor(arguments.output)
    text = json.dumps(found.as_data(), indent=1, ensure_ascii=False) if arguments.json else found.summary()
    sys.stdout.write(text + "\n")
    return 0 if found.healthy else 2
