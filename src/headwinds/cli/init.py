"""`headwinds init`: a commented study to start from, with made-up documents that it can be run on."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwinds.cli.terminal import tell
from headwinds.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "folder", nargs="?", default=".", help="where study.toml and an example are written (default: here)"
    )
    parser.add_argument(
        "--full", action="store_true", help="study.toml alone, with every setting and its default"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Write study.toml and the files it names; one that is there already is never replaced."""
    from headwinds.artifacts.write import write_text
    from headwinds.phrases.catalogue import spoken
    from headwinds.study.example import example_study
    from headwinds.study.example_data import example_files

    path = Path(arguments.folder) / "study.toml"
    if path.exists():
        raise SettingsError(f"{path} exists already.", remedy="Name another folder.")
    made_up = [] if arguments.full else example_files().items()
    written = [name for name, content in made_up if not (path.parent / name).exists()]
    for name, content in made_up:
        if name in written:
            write_text(path.parent / name, content)
    write_text(path, example_study(full=arguments.full, language=spoken()))
    beside = f" and made-up {', '.join(written)} to try it on" if written else ""
    tell(f"Wrote {path}{beside}. Put your documents, codebook and gold beside it, then: headwinds run {path}")
    return 0
