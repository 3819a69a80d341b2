"""What a table of results says of the machine and the command that made it."""

from __future__ import annotations

import datetime
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("torch", "transformers", "numpy")


def describe(command: str) -> str:
    """One paragraph of Markdown: date, processor, cores, versions, command.

    A folder of this machine means nothing to a reader: of an absolute path its last part is kept.
    """
    command = re.sub(r"(?<=\s)/\S*?([^/\s]+)/?(?=\s|$)", r"\1", command)
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{datetime.date.today()}, {processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}.\n"
        f"Command: `{command}`\n"
    )


def processor() -> str:
    """The name of this machine's processor. A table that gathers runs of several days keeps it beside each of them."""
    return next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )


def write_table(
    path: Path, title: str, text: str, columns: list[str], rows: list[list[str]], command: str
) -> None:
    """A page: a title, what was done, the table, the machine."""
    lines = [
        f"# {title}",
        "",
        text.strip(),
        "",
        "| " + " | ".join(columns) + " |",
        "|" + " --- |" * len(columns),
    ]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    path.write_text("\n".join([*lines, "", describe(command)]), encoding="utf-8")
    print("\n".join(lines))


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []
