"""A stage of work, done once: found again when nothing it depends on changed, redone when something did.

Guarantee: what stands under a stage's name is whole, verified before it is used, and was made under the fingerprint that
it is found by. Trade-off: a finished stage is read once (hashed) to be found again. Scope: it knows what the caller put
into the fingerprint, nothing else; and it is called while holding `study_lock`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headwinds.artifacts.filesystem import file_system
from headwinds.artifacts.manifest import verify
from headwinds.artifacts.storage import storage_error
from headwinds.artifacts.write import atomic_directory, clean_stale, write_json
from headwinds.contracts import Finding
from headwinds.errors import ArtifactError

STAGE = "stage.json"
SCRATCH = ".scratch"
_DIGITS = 16  # of the fingerprint, in the name of a scratch folder


@dataclass(frozen=True, slots=True)
class StageResult:
    """What became of a stage.

    Attributes
    ----------
    name, path
        Its name, and the folder of its finished output.
    fingerprint
        Of all that it depends on.
    reused
        Whether it was found finished.
    seconds
        Spent doing or finding it.
    findings
        A warning if a finished output was damaged and had to be redone.
    """

    name: str
    path: Path
    fingerprint: str
    reused: bool
    seconds: float
    findings: tuple[Finding, ...] = ()


def run_stage(
    directory: Path, name: str, fingerprint: str, work: Callable[[Path, Path], None]
) -> StageResult:
    """Do the stage `name` in ``directory / name``, or find it done.

    Parameters
    ----------
    work
        ``work(output, scratch)`` fills `output`, which appears whole with a manifest when it is complete. `scratch`
        survives interruptions of the same stage with the same fingerprint, so that work can go on where it stopped; it is
        removed once the stage is done. The output of an earlier fingerprint stays valid until the new one is complete.

    Returns
    -------
    StageResult
        With a finding W901 if a finished output was damaged: it is redone, and the finding names the bad file.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    started = time.monotonic()
    path = directory / name
    clean_stale(path.parent)
    findings = _damage(path)
    if not findings and stored_fingerprint(path) == fingerprint:
        drop_scratch(directory, name)  # left there by a kill between the commit and the cleaning
        return StageResult(name, path, fingerprint, reused=True, seconds=time.monotonic() - started)
    scratch = _prepare_scratch(directory, name, fingerprint)
    with atomic_directory(path, replace=True) as output:
        work(output, scratch)
        write_json(output / STAGE, {"name": name, "fingerprint": fingerprint})
    drop_scratch(directory, name)
    return StageResult(
        name, path, fingerprint, reused=False, seconds=time.monotonic() - started, findings=findings
    )


def stored_fingerprint(path: Path) -> str | None:
    """The fingerprint of a finished stage's output, None if there is none or it cannot be read."""
    try:
        found = json.loads((path / STAGE).read_bytes())["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _damage(path: Path) -> tuple[Finding, ...]:
    if not path.exists():
        return ()
    try:
        verify(path)
    except ArtifactError as error:
        return (Finding("W901", f"A finished stage was damaged and is redone: {error.message}"),)
    return ()


def _prepare_scratch(directory: Path, name: str, fingerprint: str) -> Path:
    scratch = directory / SCRATCH / f"{_stem(name)}{fingerprint[:_DIGITS]}"
    drop_scratch(directory, name, keep=scratch)
    try:
        file_system().make_directory(scratch)
    except OSError as error:
        raise storage_error(error, scratch) from error
    clean_stale(scratch)
    return scratch


def drop_scratch(directory: Path, name: str, *, keep: Path | None = None) -> None:
    """Remove the scratch folders of a stage, those of other fingerprints included, but one to keep."""
    root = directory / SCRATCH
    if not root.is_dir():
        return
    stem = _stem(name)
    try:
        for folder in sorted(root.iterdir()):
            ours = folder.name.startswith(stem) and len(folder.name) == len(stem) + _DIGITS
            if ours and folder != keep:
                file_system().remove_tree(folder)
    except OSError as error:
        raise storage_error(error, root) from error


def _stem(name: str) -> str:
    return f"{name.replace('/', '+')}-"
