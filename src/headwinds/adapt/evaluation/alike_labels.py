"""Labels that a reader takes for one, and that a model learns as several: "Trade" and "trade"."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.phrases.catalogue import SEMICOLON

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 3


def alike_labels(labels: Sequence[str]) -> tuple[Finding, ...]:
    """W207: labels that differ in case, width or spaces alone."""
    kinds: dict[str, list[str]] = {}
    for name in labels:
        plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        kinds.setdefault(plain, []).append(name)
    alike = [" / ".join(sorted(names)) for names in kinds.values() if len(names) > 1]
    if not alike:
        return ()
    more = " ..." if len(alike) > SHOWN else ""
    return (
        Finding(
            "W207",
            f"Labels that differ in capitals or spaces alone are learnt as different ones: "
            f"{SEMICOLON.join(alike[:SHOWN])}{more}.",
            "Write them in one way, if they mean the same.",
        ),
    )
