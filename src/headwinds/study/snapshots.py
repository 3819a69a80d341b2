"""Downloads kept on disk as a verified snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.write import write_bytes
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.explain.sources.downloads import Download
    from headwinds.explain.sources.snapshot import Snapshot


def write_snapshot(
    folder: str | Path, downloads: Sequence[Download], *, source: str, retrieved: str, licence: str = ""
) -> Snapshot:
    """Keep downloads in a folder beside a manifest with their digests.

    The manifest is written last: a folder in which a write was cut short has none, and is no snapshot.

    Parameters
    ----------
    folder
        Made if missing. An earlier snapshot in it is never overwritten: results rest on it.
    downloads, source, retrieved, licence
        As in `headwinds.explain.make_snapshot`.

    Raises
    ------
    SettingsError
        The folder holds a snapshot already, or the snapshot is not well described.
    StorageError
        It cannot be written.
    """
    from headwinds.explain.sources.snapshot import MANIFEST, make_snapshot

    folder = Path(folder)
    if (folder / MANIFEST).exists():
        raise SettingsError(
            f"{folder} holds a snapshot already.",
            remedy="Name another folder, for instance with the day in it.",
        )
    snapshot, manifest = make_snapshot(downloads, source=source, retrieved=retrieved, licence=licence)
    for one in downloads:
        write_bytes(folder / one.name, one.content)
    write_bytes(folder / MANIFEST, manifest)
    return snapshot
