"""A stage of work, done once: found again when nothing it depends on changed, redone when something did."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headwinds.artifacts.filesystem import file_system
from headwinds.artifacts.manifest import verify
from headwinds.artifacts.write import atomic_directory, recover, write_json
from headwinds.contracts import Finding
from headwinds.errors import ArtifactError

STAGE = "stage.json"
SCRATCH = ".scratch"


@dataclass(frozen=True, slots=True)
class StageResult:
    """What became of a stage.

    Attributes
    ----------
    path
        Its finished output.
    reused
        Whether it was found finished.
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

    `work(output, scratch)` fills `output`, which appears whole with a manifest when it is complete. `scratch` survives
    interruptions of the same stage with the same fingerprint, so that work can go on where it stopped; it is removed
    once the stage is done. The output of an earlier fingerprint stays valid until the new one is complete.

    Call it while holding `study_lock`.
    """
    started = time.monotonic()
    path = directory / name
    recover(path.parent)
    findings: tuple[Finding, ...] = ()
    if stored_fingerprint(path) == fingerprint:
        try:
            verify(path)
            return StageResult(name, path, fingerprint, reused=True, seconds=time.monotonic() - started)
        except ArtifactError as error:
            findings = (Finding("W901", f"A finished stage was damaged and is redone: {error.message}"),)
    scratch = _prepare_scratch(directory, name, fingerprint)
    with atomic_directory(path, replace=True) as output:
        work(output, scratch)
        write_json(output / STAGE, {"name": name, "fingerprint": fingerprint})
    file_system().remove_tree(scratch)
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


def _prepare_scratch(directory: Path, name: str, fingerprint: str) -> Path:
    """The scratch folder of this fingerprint; those of other fingerprints of the same stage are dropped."""
    root = directory / SCRATCH
    stem = name.replace("/", "+")
    scratch = root / f"{stem}-{fingerprint[:16]}"
    if root.is_dir():
        for other in sorted(root.glob(f"{stem}-{'?' * 16}")):
            if other != scratch:
                file_system().remove_tree(other)
    file_system().make_directory(scratch)
    recover(scratch)
    return scratch
