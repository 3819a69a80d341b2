"""Who hears what there is to say of where work runs: findings W911, W912 and their like."""

from __future__ import annotations

import sys
from collections.abc import Callable

from headwinds.contracts.finding import Finding
from headwinds.phrases.catalogue import spoken

Tell = Callable[[Finding], None]


def tell_nobody(_: Finding) -> None:
    """For whoever needs no findings."""


def tell_in_terminal(finding: Finding) -> None:
    """A line on standard error, in the language of the terminal."""
    sys.stderr.write(f"{finding.in_language(spoken())}\n")
