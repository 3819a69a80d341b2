"""A study's stages in order, each named by a fingerprint of all that it depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[Path, Path], None]


def nothing_to_prepare() -> None:
    """The stage reads nothing that a user could have got wrong."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a study.

    Attributes
    ----------
    name
        Of the stage and of its folder, e.g. "tune/fold-1".
    fingerprint
        Of inputs' content, settings, code and versions: equal fingerprint, equal result.
    work
        Called with the output folder to fill and a scratch folder that survives interruptions.
    prepare
        Reads and judges the inputs and keeps them for `work`, writing nothing: so that a mistake in them leaves no trace
        on the disk. `work` does it if it was not called.
    """

    name: str
    fingerprint: str
    work: Work
    prepare: Callable[[], None] = nothing_to_prepare
