"""Names of a package that are loaded when they are first used, so that importing the package stays instant."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The functions ``__getattr__`` and ``__dir__`` of a package, and its ``__all__``.

    Parameters
    ----------
    package
        Its dotted name.
    homes
        The names that each module gives to the package, by the module's dotted name.

    Examples
    --------
    >>> find, names, shown = lazy_names("headwinds", {"headwinds.errors": ("DataError",)})
    >>> find("DataError").__name__, shown
    ('DataError', ['DataError'])
    """
    home = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(home[name]), name)

    def names() -> list[str]:
        return sorted(home)

    return find, names, sorted(home)
