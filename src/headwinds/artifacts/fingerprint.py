"""Digests of files, of settings and of our own code: equal fingerprint, equal result."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as a hexadecimal string."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(**parts: Any) -> str:
    """SHA-256 of named values: strings, numbers, booleans, None, and lists, tuples and dicts of them.

    The order of names does not matter; the type of a value does (1, 1.0, True and "1" differ). A path is refused: what
    counts is the content of a file, never its place.
    """
    canonical = json.dumps(_tagged(parts), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def code_digest(*packages: str) -> str:
    """SHA-256 of the source files of the named packages or modules, names included, in order."""
    digest = hashlib.sha256()
    for package in sorted(packages):
        for path, name in _sources(package):
            digest.update(f"{package}:{name}:{file_digest(path)}\n".encode())
    return digest.hexdigest()


def _sources(package: str) -> list[tuple[Path, str]]:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(package)
    origin = Path(found.origin)
    if found.submodule_search_locations is None:
        return [(origin, origin.name)]
    root = origin.parent
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted((path, path.relative_to(root).as_posix()) for path in files)


def _tagged(value: Any) -> Any:
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"keys of a fingerprint are strings, found {key!r}")
        return {"d": {key: _tagged(item) for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"l": [_tagged(item) for item in value]}
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": repr(value)}
    raise TypeError(f"a {type(value).__name__} has no fingerprint: give plain values")
