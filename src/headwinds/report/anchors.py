"""Names that are safe as an anchor on the page and as a file name, and that never run into each other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.contracts import KeyValue
    from headwinds.report.page import PassageGroup

Anchors = Mapping[tuple[str, tuple[str, ...], tuple[str, ...]], str]
"""By label, keys of the index and values of the cell as text, where on the page the passages behind a point stand."""

_SAFE = re.compile(r"[a-z0-9_]{1,40}")


def slug(value: object) -> str:
    """A safe name: the value itself where it is one, else its safe letters and a short hash that keeps it unique."""
    text = str(value)
    if _SAFE.fullmatch(text):
        return text
    kept = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:32]
    return f"{kept}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".lstrip("-")


def passages_anchor(label: str, cell: Sequence[KeyValue], keys: Sequence[str] = ()) -> str:
    """Where the passages behind a point stand on the page: ``passages-driver-1990``.

    `keys` are told where another index has a cell of the same values: a decade is called as its first year.
    """
    return "-".join(["passages", slug(label), *(slug(part) for part in (*keys, *cell))])


def anchors_of(groups: Mapping[str, tuple[PassageGroup, ...]]) -> Anchors:
    """Where the passages of each point stand."""
    return {
        (label, group.keys, tuple(map(str, group.values))): group.anchor
        for label, of_label in groups.items()
        for group in of_label
    }
