"""What is said of a file that is not there: a folder of that name, a near name beside it, else what the folder holds."""

from __future__ import annotations

from pathlib import Path

from headwinds.contracts.suggestions import nearest_file
from headwinds.errors import DataError

SHOWN = 8


def no_file(path: Path) -> DataError:
    """The error for a path that is no file; hidden files are not offered.

    Parameters
    ----------
    path
        A path for which `is_file()` is false.
    """
    if path.is_dir():
        return DataError(f"{path} is a folder, expected a file.", remedy="Name the file in it.")
    return DataError(f"There is no file {path}.{_beside(path)}", remedy="Check the path.")


def _beside(path: Path) -> str:
    try:
        beside = sorted(item for item in path.parent.iterdir() if not item.name.startswith("."))
        files = [item.name for item in beside if item.is_file()]
    except OSError:  # there is no such folder, or it may not be read
        return ""
    names = [item.name for item in beside]
    near = nearest_file(path.name, files)
    if near or not names:
        return near
    if len(names) > SHOWN:
        return f" The folder holds {', '.join(names[:SHOWN])} and {len(names) - SHOWN:,} more."
    return f" The folder holds {', '.join(names)}."
