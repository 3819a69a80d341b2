"""Names that are safe as an anchor on the page and as a file name, and that never run into each other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.contracts import KeyValue

_SAFE = re.compile(r"[a-z0-9_]{1,40}")


def slug(value: object) -> str:
    """A safe name: the value itself where it is one, else its safe letters and a short hash that keeps it unique."""
    text = str(value)
    if _SAFE.fullmatch(text):
        return text
    kept = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:32]
    return f"{kept}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".lstrip("-")


def passages_anchor(label: str, cell: Sequence[KeyValue]) -> str:
    """Where the passages behind a point stand on the page: ``passages-driver-1990``."""
    return "-".join(["passages", slug(label), *(slug(key) for key in cell)])
