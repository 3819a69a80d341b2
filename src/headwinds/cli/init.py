"""`headwinds init`: a commented study to start from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from headwinds.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="where study.toml is written (default: here)")
    parser.add_argument("--full", action="store_true", help="with every setting and its default")


def execute(arguments: argparse.Namespace) -> int:
    """Write study.toml; an existing one is never replaced."""
    from headwinds.artifacts.write import write_text
    from headwinds.study.example import example_study

    path = Path(arguments.folder) / "study.toml"
    if path.exists():
        raise SettingsError(f"{path} exists already.", remedy="Name another folder.")
    write_text(path, example_study(full=arguments.full))
    sys.stdout.write(
        f"Wrote {path}. Put your documents, codebook and gold beside it, then: headwinds run {path}\n"
    )
    return 0
