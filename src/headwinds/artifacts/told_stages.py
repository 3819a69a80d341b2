"""A stage whose output holds pages for people beside its data: found again in the language that is spoken, or told anew.

Guarantee: the data do not depend on the language; the pages are those of the language that is spoken when the stage is asked
for. Where the same stage stands there in another language, its data are taken over, byte for byte, and only the pages are
written again: a test of hours is not repeated for a reader. Trade-off: one language is there at a time. Scope: `work` writes
pages and data, `tell` the same pages again, from these data alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headwinds.artifacts.manifest import MANIFEST, is_complete
from headwinds.artifacts.stages import STAGE, StageResult, run_stage, stored_fingerprint
from headwinds.artifacts.write import write_bytes
from headwinds.phrases.catalogue import ENGLISH, spoken

BETWEEN = "-"
"""Between the fingerprint of the data and the language of the pages; no fingerprint has it."""


def run_told_stage(
    directory: Path,
    name: str,
    fingerprint: str,
    work: Callable[[Path, Path], None],
    tell: Callable[[Path], None],
) -> StageResult:
    """Do the stage, or find it done in the language that is spoken here, or write only its pages anew.

    Parameters
    ----------
    fingerprint
        Of all that the data depend on, without the language.
    work
        As of `run_stage`; it writes the pages too, in the language that is spoken.
    tell
        ``tell(output)`` writes the pages of the data in `output`.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    path = directory / name
    told = fingerprint if spoken() == ENGLISH else f"{fingerprint}{BETWEEN}{spoken()}"

    def work_or_tell(output: Path, scratch: Path) -> None:
        stored = stored_fingerprint(path)
        if stored is None or stored.partition(BETWEEN)[0] != fingerprint or not is_complete(path):
            work(output, scratch)
            return
        _take_over(path, output)
        tell(output)

    return run_stage(directory, name, told, work_or_tell)


def _take_over(path: Path, output: Path) -> None:
    for file in sorted(one for one in path.rglob("*") if one.is_file()):
        relative = file.relative_to(path).as_posix()
        if relative not in (STAGE, MANIFEST):
            write_bytes(output / relative, file.read_bytes())
