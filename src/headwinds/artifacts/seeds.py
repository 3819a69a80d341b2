"""One seed rules a run; every part derives its own from it by name."""

from __future__ import annotations

import hashlib
import operator


def derive_seed(seed: int, *names: str | int) -> int:
    """A seed in 0 .. 2**63 - 1 for one part of a run, the same on every machine and Python version.

    Parts of different names are independent for every practical purpose (SHA-256), so adding a part moves no other.
    A name 1 and a name "1" are two names.
    """
    text = "\x1f".join([str(operator.index(seed)), *map(_tagged, names)])
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big") >> 1


def _tagged(name: str | int) -> str:
    return f"str:{name}" if isinstance(name, str) else f"int:{operator.index(name)}"
