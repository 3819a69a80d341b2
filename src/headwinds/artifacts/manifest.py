"""The list of a directory's files with their sizes and digests: what was written is what is read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from headwinds.artifacts.fingerprint import file_digest
from headwinds.errors import ArtifactError

MANIFEST = "manifest.json"
_REMEDY = "Remove it and run the study again: the stage is then redone."


def manifest_of(directory: Path) -> dict[str, Any]:
    """Relative path, size and SHA-256 of every file under `directory`, the manifest itself excepted."""
    files = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = Path(folder) / name
            relative = path.relative_to(directory).as_posix()
            if relative != MANIFEST:
                files[relative] = {"size": path.stat().st_size, "sha256": file_digest(path)}
    return {"format": 1, "files": dict(sorted(files.items()))}


def verify(directory: Path) -> None:
    """Check every file of a directory against its manifest.

    Raises
    ------
    ArtifactError
        The manifest is missing or unreadable, or a file is missing, extra or changed; the first one is named.
    """
    expected = _read(directory)
    found = {
        (Path(folder) / name).relative_to(directory).as_posix()
        for folder, _, names in os.walk(directory)
        for name in names
    }
    for name in sorted(set(expected) - found):
        raise ArtifactError(f"{directory / name} is missing.", remedy=_REMEDY)
    for name in sorted(found - set(expected) - {MANIFEST}):
        raise ArtifactError(f"{directory / name} does not belong there.", remedy=_REMEDY)
    for name, facts in sorted(expected.items()):
        path = directory / name
        if path.stat().st_size != facts["size"] or file_digest(path) != facts["sha256"]:
            raise ArtifactError(f"{path} is not what was written: its content changed.", remedy=_REMEDY)


def is_complete(directory: Path) -> bool:
    """Whether `directory` passes `verify`."""
    try:
        verify(directory)
    except ArtifactError:
        return False
    return True


def _read(directory: Path) -> dict[str, dict[str, Any]]:
    path = directory / MANIFEST
    try:
        content = json.loads(path.read_bytes())
        files: dict[str, dict[str, Any]] = content["files"]
        for facts in files.values():
            int(facts["size"])
            str(facts["sha256"])
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{directory} has no {MANIFEST}, so it was never finished.", remedy=_REMEDY
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{path} cannot be read: it is damaged.", remedy=_REMEDY) from error
    return files
