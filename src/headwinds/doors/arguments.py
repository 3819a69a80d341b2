"""What the calls in Python are given, as notebooks give it: a name for a list of one, NumPy's numbers, tables."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeGuard, TypeVar

from headwinds.errors import SettingsError

Given = ParamSpec("Given")
Found = TypeVar("Found")

PATHS = ("PathLike", "PathLike | None")
NAMES = ("Sequence[str]", "Sequence[PathLike]")
NUMBERS = {"Sequence[int]": "int", "Sequence[float]": "float"}
WHOLE, FRACTION = "a whole number", "a number"


def plain_arguments(call: Callable[Given, Found]) -> Callable[Given, Found]:
    """Take the arguments of a call as its annotations say, before anything is opened.

    A single name or number is taken for a list of one: a text is a sequence too, of its letters, and would be read so.
    NumPy's numbers become Python's. What is no path, no number or no list of names is refused with the argument's name.

    Raises
    ------
    SettingsError
        By the call: an argument is of another kind than it takes.
    """
    signature = inspect.signature(call)
    kinds = {name: str(one.annotation).strip("'") for name, one in signature.parameters.items()}

    @functools.wraps(call)
    def taken(*args: Given.args, **kwargs: Given.kwargs) -> Found:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return call(*args, **kwargs)  # Python's own words, which name the call
        for name, value in bound.arguments.items():
            if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = {key: _plain(one) for key, one in value.items()}
            else:
                bound.arguments[name] = _taken(name, kinds[name], _plain(value))
        return call(*bound.args, **bound.kwargs)

    return taken


def _plain(value: object) -> object:
    """A number of NumPy, or an array of no dimension, as Python's."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "shape", None) == () else value


def _taken(name: str, kind: str, value: object) -> object:
    if kind in PATHS:
        if not (isinstance(value, str | os.PathLike) or (value is None and kind.endswith("None"))):
            raise _refusal(name, value, "the path of a file or folder", "Write it to a file, and name that.")
    elif kind in NAMES:
        return tuple(value) if _is_list(value) else (_name(name, value),)
    elif kind == "Sequence[Sequence[str]]":
        return _lists(name, value)
    elif kind in NUMBERS:
        several = tuple(_plain(one) for one in value) if _is_list(value) else (value,)
        return tuple(_number(name, NUMBERS[kind], one) for one in several)
    elif kind == "tuple[int, int]":
        pair = tuple(value) if _is_list(value) else ()
        if len(pair) != 2:
            raise _refusal(name, value, "the first and the last year", f"Write {name}=(1995, 2004).")
        return tuple(_number(name, "int", _plain(one)) for one in pair)
    elif kind in ("int", "float"):
        return _number(name, kind, value)
    return value


def _is_list(value: object) -> TypeGuard[Iterable[object]]:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | os.PathLike)


def _name(name: str, value: object) -> object:
    if not isinstance(value, str | os.PathLike):
        raise _refusal(name, value, "a list of names", "Write a name, or several in brackets.")
    return value


def _lists(name: str, value: object) -> object:
    lists = tuple(value) if _is_list(value) else (value,)
    if all(_is_list(one) for one in lists):
        return lists
    wanted = "lists of columns in a list, one for each table"
    columns = [one for one in lists if isinstance(one, str)]
    raise _refusal(name, value, wanted, f"Write {name}=[{columns!r}] for one table by them.")


def _number(name: str, kind: str, value: object) -> object:
    fits = isinstance(value, int | float) if kind == "float" else isinstance(value, int)
    if isinstance(value, bool) or not fits:
        raise _refusal(name, value, WHOLE if kind == "int" else FRACTION, "Change it there.")
    return value


def _refusal(name: str, value: object, wanted: str, remedy: str) -> SettingsError:
    shown = repr(value) if isinstance(value, str | int | float | list | tuple | None) else ""
    kind = type(value).__name__
    what = f"{kind} {shown}" if shown and len(shown) <= 80 else kind
    return SettingsError(f"{name} is {what}, expected {wanted}.", remedy=remedy)
