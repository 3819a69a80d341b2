"""`headwinds doctor`."""

from __future__ import annotations

import argparse
import json

from headwinds.cli.terminal import tell_as_it_is
from headwinds.phrases.catalogue import spoken


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("--output", default="runs", help="folder where results would go (default: runs)")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Print what there is; exit code 2 only if something that is needed is broken."""
    from headwinds.doors.inspecting import doctor
    from headwinds.machine.wording import in_words

    found = doctor(arguments.output)
    if arguments.json:
        tell_as_it_is(json.dumps(found.as_data(), indent=1, ensure_ascii=False))
    else:
        tell_as_it_is(in_words(found, spoken()))
    return 0 if found.healthy else 2
