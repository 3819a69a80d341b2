"""Folders of versions: a version is the SHA-256 of its `model.json`, which names the SHA-256 of every other file.

So a version is its content: the same model added twice is one folder, and none can change under its name. Names that people
give stand in the index; no part of a path is ever made of one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.checkpoints import read_config
from headwinds.adapt.fitted_model import load_model, read_facts
from headwinds.artifacts.fingerprint import file_digest
from headwinds.artifacts.manifest import verify
from headwinds.artifacts.write import atomic_directory, clean_abandoned, write_bytes
from headwinds.errors import ArtifactError, CheckpointError, SettingsError, StorageError

if TYPE_CHECKING:
    from headwinds.adapt.fitted_model import FittedModel, ModelFacts

DIGEST = re.compile(r"[0-9a-f]{64}")
FACTS = "model.json"


def version_of(folder: Path) -> tuple[str, ModelFacts]:
    """The version that a fitted model's folder is, each of its files having been compared with what was written.

    Raises
    ------
    CheckpointError
        The folder holds no fitted model, a file is missing or changed, or its configuration asks for code: it is named.
    """
    facts = read_facts(folder)
    read_config(folder / "encoder")
    return file_digest(folder / FACTS), facts


def place_of(versions: Path, version: str) -> Path:
    """Where a version's folder is.

    Raises
    ------
    SettingsError
        It is no digest.
    """
    if not DIGEST.fullmatch(version):
        raise SettingsError(f"{version[:80]!r} is no version.", remedy="See `headwinds models list`.")
    return versions / version


def keep(folder: Path, versions: Path) -> str:
    """Copy a fitted model among the versions, whole or not at all; returns its version.

    Raises
    ------
    CheckpointError
        As `version_of`.
    StorageError
        The disk refuses; nothing half-written is left.
    """
    version, _ = version_of(folder)
    place = place_of(versions, version)
    if place.exists():
        check(versions, version)
        return version
    clean_abandoned(versions)
    try:
        copy(folder, place)
    except (ArtifactError, StorageError):
        if not place.exists():  # otherwise somebody else has just added the same model
            raise
    check(versions, version)
    return version


def copy(folder: Path, place: Path) -> None:
    """Copy the files that `model.json` names, and nothing else, into a new folder.

    Raises
    ------
    ArtifactError
        `place` exists.
    StorageError
        The disk refuses.
    """
    listed = json.loads((folder / FACTS).read_text(encoding="utf-8"))["files"]
    with atomic_directory(place) as temporary:
        for name in (*sorted(listed), FACTS):
            write_bytes(temporary / name, (folder / name).read_bytes())


def check(versions: Path, version: str) -> Path:
    """The folder of a version whose every byte is what was added.

    Raises
    ------
    CheckpointError
        The folder or a file in it is missing, truncated or changed: it is named, and nothing is loaded.
    """
    place = place_of(versions, version)
    try:
        verify(place)
        right = file_digest(place / FACTS) == version
    except (ArtifactError, OSError) as error:
        said = error.message if isinstance(error, ArtifactError) else str(error)
        raise CheckpointError(
            f"Version {version[:12]} is damaged: {said} Nothing was loaded.",
            remedy="Remove its folder and add the model again.",
        ) from error
    if not right:
        raise CheckpointError(
            f"Version {version[:12]} is damaged: {place / FACTS} is another model's. Nothing was loaded.",
            remedy="Remove its folder and add the model again.",
        )
    return place


def load_version(versions: Path, version: str) -> FittedModel:
    """Load a version, checked whole first.

    Raises
    ------
    CheckpointError
        As `check` and `load_model`.
    """
    return load_model(check(versions, version))
