"""A study's stages in order, each named by a fingerprint of all that it depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[Path, Path], None]


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
    """

    name: str
    fingerprint: str
    work: Work
