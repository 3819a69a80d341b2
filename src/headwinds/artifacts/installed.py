"""Which version of a package is installed, read once a process: the metadata of a package are a file that is parsed."""

from __future__ import annotations

from functools import cache
from importlib import metadata


@cache
def installed_version(package: str) -> str:
    """The version, as its metadata have it.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        It is not installed.
    """
    return metadata.version(package)
