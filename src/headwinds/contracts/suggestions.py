"""The nearest known name to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A sentence " Did you mean 'x'?" if some known name is near, else an empty string.

    Capital letters do not count. `cutoff` is the least likeness (difflib's ratio), lower where names are short.
    """
    folded = {one.casefold(): one for one in known}
    match = get_close_matches(name.casefold(), list(folded), n=1, cutoff=cutoff)
    return f" Did you mean {folded[match[0]]!r}?" if match else ""


def nearest_file(name: str, known: Iterable[str]) -> str:
    """The same of files: what counts is the name before the ending, as all tables end alike."""
    stems = {one.partition(".")[0]: one for one in known}
    match = get_close_matches(name.partition(".")[0], list(stems), n=1, cutoff=0.6)
    return f" Did you mean {stems[match[0]]!r}?" if match else ""
