"""Frozen dataclasses from the plain JSON that they were written as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def rebuilt(kind: Any, plain: Any) -> Any:
    """A value of `kind` from JSON: dataclasses, tuples, mappings, and what is plain; null is NaN where a number stands.

    Parameters
    ----------
    kind
        A type as an annotation has it, one of our own: nothing that was read decides what is made.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        known = next(one for one in arguments if one is not type(None))
        return None if plain is None else rebuilt(known, plain)
    if kind is float:
        return float("nan") if plain is None else float(plain)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        given = [one.name for one in fields(kind) if one.name in plain]  # what is younger has a default
        return kind(**{name: rebuilt(hints[name], plain[name]) for name in given})  # type: ignore[operator]
    if origin is tuple:
        kinds = arguments[:1] * len(plain) if arguments[-1] is Ellipsis else arguments
        return tuple(rebuilt(one, value) for one, value in zip(kinds, plain, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {name: rebuilt(arguments[1], value) for name, value in plain.items()}
    return plain
