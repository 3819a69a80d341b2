"""`headwinds tasks`."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no arguments."""


def execute(_: argparse.Namespace) -> int:
    """Print every task with the columns of its files."""
    from headwinds.adapt.tasks.registry import TASKS, get_task

    for name in TASKS:
        task = get_task(name)
        sys.stdout.write(f"{name}: {task.summary}\n")
        for column in task.columns:
            missing = "" if column.needed else " (may be missing)"
            sys.stdout.write(f"  {column.name}: {column.meaning}{missing}\n")
    return 0
