"""`headwinds methods`."""

from __future__ import annotations

import argparse

from headwinds.cli.terminal import tell_entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no arguments."""


def execute(_: argparse.Namespace) -> int:
    """Print every method."""
    from headwinds.adapt.methods.registry import METHODS, get_method

    for name in METHODS:
        tell_entry(name, get_method(name).summary)
    return 0
