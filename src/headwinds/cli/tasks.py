"""`headwinds tasks`."""

from __future__ import annotations

import argparse

from headwinds.cli.terminal import tell_entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no arguments."""


def execute(_: argparse.Namespace) -> int:
    """Print every task with the columns of its files."""
    from headwinds.adapt.tasks.registry import TASKS, get_task

    for name in TASKS:
        task = get_task(name)
        tell_entry(name, task.summary)
        for column in task.columns:
            missing = "" if column.needed else " (may be missing)"
            tell_entry(column.name, f"{column.meaning}{missing}", indent="  ")
    return 0
