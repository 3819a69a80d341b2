"""A snapshot: downloaded files beside a manifest with their digests, verified before use, so that a result can be rebuilt.

Services go down and revise; a snapshot does neither. The folder holds the files as they came and `snapshot.json`:

    {"format": 1, "source": "World Bank, WDI", "retrieved": "2026-11-27", "licence": "CC BY 4.0",
     "files": [{"name": "IT.NET.USER.ZS.json", "url": "https://...", "bytes": 812345, "sha256": "..."}]}
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.explain.sources.downloads import Download

MANIFEST = "snapshot.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A file of a snapshot, and what its bytes must be."""

    name: str
    url: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was downloaded, from where and when.

    Attributes
    ----------
    source
        Who publishes it.
    retrieved
        The day, as YYYY-MM-DD.
    licence
        Under which it may be used; empty if nothing was said.
    files
        In the order of their names.
    """

    source: str
    retrieved: str
    licence: str
    files: tuple[SnapshotFile, ...]

    @property
    def vintage(self) -> str:
        """For the `vintage` of a series: the day, and the first digits of the digest over all files."""
        every = hashlib.sha256("".join(f"{file.name}:{file.sha256}\n" for file in self.files).encode("utf-8"))
        return f"retrieved {self.retrieved}, sha256 {every.hexdigest()[:12]}"


def make_snapshot(
    downloads: Sequence[Download], *, source: str, retrieved: str, licence: str = ""
) -> tuple[Snapshot, bytes]:
    """The snapshot of some downloads and the bytes of its manifest. Nothing is written here.

    Parameters
    ----------
    downloads
        At least one; their names differ and name no folder.
    source, licence
        For who reads it.
    retrieved
        The day of the download, YYYY-MM-DD; given, not taken from a clock, so that the same download gives the same bytes.

    Raises
    ------
    SettingsError
        There is no download, two have one name, a name is not that of a plain file, or the day is none.
    """
    try:
        date.fromisoformat(retrieved)
    except ValueError:
        raise SettingsError(f"retrieved is {retrieved!r}; expected a day as YYYY-MM-DD.") from None
    names = [one.name for one in downloads]
    if not names:
        raise SettingsError("A snapshot needs at least one file.")
    if len(set(names)) < len(names):
        raise SettingsError(f"Two files of a snapshot have one name ({max(names, key=names.count)!r}).")
    wrong = [name for name in names if not _plain(name)]
    if wrong:
        raise SettingsError(f"{wrong[0]!r} cannot name a file of a snapshot.")
    files = [
        SnapshotFile(one.name, one.url, len(one.content), hashlib.sha256(one.content).hexdigest())
        for one in sorted(downloads, key=lambda one: one.name)
    ]
    snapshot = Snapshot(source, retrieved, licence, tuple(files))
    plain = {
        "format": FORMAT,
        "source": source,
        "retrieved": retrieved,
        "licence": licence,
        "files": [
            {"name": one.name, "url": one.url, "bytes": one.bytes, "sha256": one.sha256} for one in files
        ],
    }
    return snapshot, (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def read_snapshot(folder: str | Path) -> Snapshot:
    """Read a snapshot's manifest and verify every file against it.

    Raises
    ------
    DataError
        There is no manifest, it cannot be read, or a file is missing or differs from what was kept.
    """
    folder = Path(folder)
    place = folder / MANIFEST
    if not place.is_file():
        raise DataError(f"{folder} is no snapshot: it has no {MANIFEST}.", remedy="Check the path.")
    snapshot = _parsed(place)
    for file in snapshot.files:
        path = folder / file.name
        if not path.is_file():
            raise DataError(f"{folder}: the file {file.name} of the snapshot is missing.", remedy=_AGAIN)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != file.sha256:
            raise DataError(
                f"{path}: not the file that was kept (SHA-256 {digest[:12]}..., expected {file.sha256[:12]}...).",
                remedy=_AGAIN,
            )
    return snapshot


_AGAIN = "Restore it from a copy, or download again; results of the earlier snapshot cannot be rebuilt from other data."


def _parsed(place: Path) -> Snapshot:
    try:
        plain: Any = json.loads(place.read_text(encoding="utf-8"))
        if plain["format"] != FORMAT:
            raise DataError(f"{place}: format {plain['format']!r} is not known; expected {FORMAT}.")
        files = tuple(
            SnapshotFile(str(one["name"]), str(one["url"]), int(one["bytes"]), str(one["sha256"]))
            for one in plain["files"]
        )
        snapshot = Snapshot(
            str(plain["source"]), str(plain["retrieved"]), str(plain.get("licence", "")), files
        )
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{place}: not a snapshot's manifest ({type(error).__name__}: {error}).") from error
    # A manifest may have come with the data: it must not lead out of its folder.
    wrong = [file.name for file in snapshot.files if not _plain(file.name)]
    if wrong or not files:
        raise DataError(f"{place}: {f'{wrong[0]!r} cannot name a file' if wrong else 'it lists no file'}.")
    return snapshot


def _plain(name: str) -> bool:
    """Whether this is a file's bare name, with no folder in it."""
    return (
        name not in ("", ".", "..", MANIFEST) and not set(name) & set('/\\:*?"<>|\0') and name == name.strip()
    )
