"""Values as text between two processes that do not trust each other: what has no plain form stays where it is.

Tagged JSON, not pickle: reading it can make numbers, texts and containers, and nothing else. What a value of another kind is
to the other side says `hold`: a reference that only its maker can open.

This file imports the standard library alone: it is loaded by an interpreter that sees no installed package.
"""

from __future__ import annotations

import builtins
import importlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from types import ModuleType
from typing import Any

LONGEST = 8_000_000
_MOMENTS: dict[str, Any] = {"datetime": datetime, "date": date, "time": time}
_CONTAINERS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


class NotPlain(Exception):
    """A message that is no value: too long, malformed, or a reference that was never given."""


def pack(value: Any, hold: Callable[[Any], int]) -> str:
    """A value as one line of text.

    Raises
    ------
    NotPlain
        It is longer than `LONGEST`, or nested without end.
    """
    try:
        text = json.dumps(_pack(value, hold), ensure_ascii=True)
    except RecursionError as error:
        raise NotPlain("the value is nested too deep") from error
    if len(text) > LONGEST:
        raise NotPlain(f"the value takes more than {LONGEST:,} characters")
    return text


def unpack(text: str, fetch: Callable[[int], Any]) -> Any:
    """The value of a line.

    Raises
    ------
    NotPlain
        It is none.
    """
    try:
        return _unpack(json.loads(text), fetch)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, ArithmeticError) as error:
        raise NotPlain(f"no value: {type(error).__name__}") from error


def _pack(value: Any, hold: Callable[[Any], int]) -> Any:
    kind: Any = type(value)
    if value is None or kind is bool or kind is str:
        return value if kind is not str else ["s", value]
    if kind is int:
        return ["i", hex(value)]
    if kind is float:
        return ["f", value.hex() if math.isfinite(value) else repr(value)]
    if kind is complex:
        return ["c", _pack(value.real, hold), _pack(value.imag, hold)]
    if kind is bytes or kind is bytearray:
        return ["b", value.hex()]
    if kind in (Decimal, Fraction):
        return [kind.__name__, str(value)]
    if kind in (datetime, date, time):
        return [kind.__name__, value.isoformat()]
    if kind is timedelta:
        return ["timedelta", value.days, value.seconds, value.microseconds]
    if kind is range:
        return ["range", value.start, value.stop, value.step]
    if kind in _CONTAINERS.values():
        return [kind.__name__, *(_pack(item, hold) for item in value)]
    if isinstance(value, dict) and kind.__module__ in ("builtins", "collections"):
        return ["dict", *([_pack(key, hold), _pack(item, hold)] for key, item in value.items())]
    if isinstance(value, tuple):  # a named tuple equals the plain one
        return ["tuple", *(_pack(item, hold) for item in tuple.__iter__(value))]
    if kind.__module__ == "collections" and kind.__name__ == "deque":
        return ["list", *(_pack(item, hold) for item in value)]
    if isinstance(value, Iterator) and kind.__module__ in ("builtins", "itertools"):
        return ["iterator", *(_pack(item, hold) for item in value)]
    if kind.__name__ in ("dict_keys", "dict_values", "dict_items"):
        return ["list", *(_pack(item, hold) for item in value)]
    name: str = getattr(value, "__name__", "")
    if kind is type and getattr(builtins, name, None) is value:
        return ["type", name]
    if isinstance(value, ModuleType) and value.__name__ in sys.stdlib_module_names:
        return ["module", value.__name__]
    return ["held", hold(value)]


def _unpack(given: Any, fetch: Callable[[int], Any]) -> Any:
    if given is None or isinstance(given, bool):
        return given
    kind, *parts = given
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](_unpack(part, fetch) for part in parts)
    if kind in _MOMENTS:
        return _MOMENTS[kind].fromisoformat(str(parts[0]))
    readers: dict[str, Callable[..., Any]] = {
        "s": str,
        "i": lambda text: int(text, 16),
        "f": lambda text: float.fromhex(text) if "x" in text else float(text),
        "c": lambda real, imaginary: complex(_unpack(real, fetch), _unpack(imaginary, fetch)),
        "b": bytes.fromhex,
        "Decimal": lambda text: Decimal(str(text)),
        "Fraction": lambda text: Fraction(str(text)),
        "timedelta": lambda days, seconds, rest: timedelta(int(days), int(seconds), int(rest)),
        "range": lambda start, stop, step: range(int(start), int(stop), int(step)),
        "dict": lambda *pairs: {_unpack(key, fetch): _unpack(item, fetch) for key, item in pairs},
        "iterator": lambda *items: iter([_unpack(item, fetch) for item in items]),
        "type": _builtin_type,
        "module": standard_module,
        "held": lambda number: fetch(int(number)),
    }
    return readers[kind](*parts)


def _builtin_type(name: str) -> type:
    found = getattr(builtins, str(name))
    if not isinstance(found, type):
        raise TypeError(name)
    return found


def standard_module(name: str) -> ModuleType:
    """A module of Python's own library."""
    if name not in sys.stdlib_module_names:
        raise ValueError(name)
    return importlib.import_module(name)
