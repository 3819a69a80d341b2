"""Digests of files, of settings and of our own code: equal fingerprint, equal result.

A fingerprint is made of what counts (content, values, source) and of nothing else: touching a file or moving it changes
nothing. Whatever a stage depends on and leaves out of its fingerprint is a stale result waiting to happen, so parts are
named and plain, and what has no clear canonical form is refused.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

SETTLED = 2 * 10**9
"""Nanoseconds after which a file's time of change tells of a further change: a clock may stand still for some of them."""

_remembered: dict[tuple[str, int, int, int, int, int], str] = {}


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as a hexadecimal string; the file is streamed."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_digest(path: Path) -> str:
    """`file_digest` of a large file that is asked for again and again, taken anew in this process only where it changed.

    Whether it did is told by its place, inode, size and times. What changed within the last two seconds is not remembered.
    Not for finding damage: what a disk loses changes no time.
    """
    found = os.stat(path)
    key = (
        os.path.abspath(path),
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )
    if key not in _remembered:
        digest = file_digest(path)
        if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < SETTLED:
            return digest
        _remembered[key] = digest
    return _remembered[key]


def directory_digest(path: Path) -> str:
    """SHA-256 over the relative path and content of every file below `path`, in the order of their names.

    Raises
    ------
    NotADirectoryError
        `path` is no directory (an empty digest would hide it).
    """
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is not a directory")
    digest = hashlib.sha256()
    files = [Path(folder) / name for folder, _, names in os.walk(path) for name in names]
    for name, file in sorted((file.relative_to(path).as_posix(), file) for file in files):
        digest.update(json.dumps([name, file_digest(file)]).encode("ascii"))
    return digest.hexdigest()


def fingerprint(**parts: Any) -> str:
    """SHA-256 of named values: strings, numbers, booleans, None, and lists, tuples and dicts of them.

    The order of names does not matter; the type of a value does (1, 1.0, True and "1" differ; a list and a tuple of the
    same items do not).

    Raises
    ------
    TypeError
        A value is of another kind. A path in particular is refused: what counts is a file's content (`file_digest`),
        never its place.
    """
    canonical = json.dumps(_tagged(parts), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


@cache
def code_digest(*packages: str) -> str:
    """SHA-256 of the source files of the named packages or modules, names included; the order of naming does not matter.

    All files of a package count (templates too) but caches and hidden files. What the package imports from elsewhere is
    not followed: name every package whose code a result depends on. The files are read once a process, which runs the code
    that it began with.

    Raises
    ------
    ModuleNotFoundError
        There is no such package.
    """
    digest = hashlib.sha256()
    for package in sorted(set(packages)):
        for name, path in _sources(package):
            digest.update(f"{package}:{name}:{file_digest(path)}\n".encode())
    return digest.hexdigest()


def _sources(package: str) -> list[tuple[str, Path]]:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no package named {package!r} to take the digest of")
    origin = Path(found.origin)
    if found.submodule_search_locations is None:
        return [(origin.name, origin)]
    root = origin.parent
    files = (
        (path.relative_to(root), path) for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"
    )
    counted = [
        (name, path)
        for name, path in files
        if not any(part.startswith((".", "__pycache__")) for part in name.parts)
    ]
    return sorted((name.as_posix(), path) for name, path in counted)


def _tagged(value: Any) -> Any:
    # Subclasses (a numpy float, an enumeration) are told by their plain value, so that they equal what they stand for.
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"keys of a fingerprint are strings, found {key!r}")
        return {"d": {str(key): _tagged(item) for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"l": [_tagged(item) for item in value]}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return {"i": int.__repr__(value)}
    if isinstance(value, float):
        return {"f": float.__repr__(value)}
    raise TypeError(f"a {type(value).__name__} has no fingerprint: give plain values")
