"""`headwinds methods`."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no arguments."""


def execute(_: argparse.Namespace) -> int:
    """Print every method."""
    from headwinds.adapt.methods.registry import METHODS, get_method

    for name in METHODS:
        sys.stdout.write(f"{name}: {get_method(name).summary}\n")
    return 0
