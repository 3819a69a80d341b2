"""The program of both confined processes: one holds the code under test, the other its tests.

They are two, so that what the code does to its own interpreter (leave with exit code 0, redefine `assert`'s error, print
"passed", answer every comparison with yes) is done where no verdict is made: the tests see values, and the parent believes
the tests' process alone. Run by path, with ``python -I -S``: it imports the standard library and its two neighbours.

The candidate reads requests and writes answers, a line each: ``["call", callee, arguments, named]`` is answered by
``["value", value, arguments as they are now]`` or ``["error", kind, text]``.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import json
import os
import sys
from collections.abc import Collection
from types import CodeType, ModuleType
from typing import Any, TextIO

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from confinement import confine
from plain_values import LONGEST, NotPlain, pack, standard_module, unpack

sys.path.pop(0)


def main() -> None:
    """Take the role, the file handles and the limits from the command line, the source from the first line read."""
    role = sys.argv[1]
    reader, writer, seconds, memory = (int(item) for item in sys.argv[2:6])
    requests = os.fdopen(reader, encoding="utf-8", newline="\n")
    answers = os.fdopen(writer, "w", encoding="utf-8", newline="\n")
    source = json.loads(sys.stdin.readline())
    sys.setrecursionlimit(4000)
    confine(seconds=seconds, memory=memory)
    if role == "candidate":
        _candidate(source, requests, answers)
    else:
        _tester(source, requests, answers, int(sys.argv[6]))


def _say(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
    stream.flush()


def _candidate(source: str, requests: TextIO, answers: TextIO) -> None:
    held: list[Any] = []

    def hold(value: Any) -> int:
        held.append(value)
        return len(held) - 1

    namespace: dict[str, Any] = {"__name__": "candidate"}
    try:
        exec(compile(source, "candidate", "exec"), namespace)  # noqa: S102  # what this process is for
        names = {name: value for name, value in namespace.items() if not name.startswith("__")}
        _say(answers, json.dumps(["names", {name: pack(value, hold) for name, value in names.items()}]))
    except BaseException as error:
        _say(answers, json.dumps(_error(error)))
        return
    for line in requests:
        what, callee, *given = json.loads(line)
        try:
            subject = held[callee]
            arguments = [unpack(item, held.__getitem__) for item in given[0]]
            if what == "call":
                value = subject(
                    *arguments, **{name: unpack(item, held.__getitem__) for name, item in given[1]}
                )
            elif what == "get":
                value = getattr(subject, arguments[0])
            else:
                value = None
                setattr(subject, *arguments)
            answer = ["value", pack(value, hold), [pack(item, hold) for item in arguments]]
        except BaseException as error:
            answer = _error(error)
        _say(answers, json.dumps(answer))


def _error(error: BaseException) -> list[str]:
    try:
        text = str(error)[:500]
    except BaseException:
        text = ""
    return ["error", type(error).__name__, text]


class Held:
    """What the candidate keeps: a function, a class, an object of it. Equal to itself alone."""

    def __init__(self, link: _Link, number: int) -> None:
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_number", number)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it there; lists, dictionaries and sets that it changed in place change here too."""
        return self._link.ask("call", self._number, arguments, named)

    def __getattr__(self, name: str) -> Any:
        return self._link.ask("get", self._number, (name,), {})

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.ask("set", self._number, (name, value), {})


class _Link:
    def __init__(self, requests: TextIO, answers: TextIO) -> None:
        self.requests, self.answers = requests, answers

    def read(self) -> list[Any]:
        line = self.answers.readline(4 * LONGEST)
        if not line.endswith("\n"):
            raise Ended("the code ended its process, or answered without end")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise NotPlain("the code answered no value") from error
        if not isinstance(answer, list) or not answer:
            raise NotPlain("the code answered no value")
        if answer[0] == "error":
            raise _raised(str(answer[1]), str(answer[2]))
        return answer

    def value(self, text: str) -> Any:
        return unpack(text, lambda number: Held(self, number))

    def ask(self, what: str, number: int, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        def give(value: Any) -> int:
            if isinstance(value, Held):
                return int(object.__getattribute__(value, "_number"))
            raise NotPlain(f"a test hands over a {type(value).__name__}, which has no plain form")

        sent = [pack(item, give) for item in arguments]
        named_text = [[name, pack(item, give)] for name, item in named.items()]
        try:
            _say(self.requests, json.dumps([what, number, sent, named_text]))
        except BrokenPipeError as error:
            raise Ended("the code ended its process") from error
        _, text, now = self.read()
        if what == "call":
            for argument, before, after in zip(arguments, sent, now, strict=True):
                if before != after:
                    _replace(argument, self.value(after))
        return self.value(text)


class Ended(Exception):
    """The candidate's process is gone."""


class RemoteError(Exception):
    """An exception of a class that the tests do not know."""


def _raised(kind: str, text: str) -> BaseException:
    known = getattr(builtins, kind, None)
    if kind in ("SystemExit", "KeyboardInterrupt", "GeneratorExit"):
        return Ended(f"the code left by {kind}")
    if isinstance(known, type) and issubclass(known, Exception) and not issubclass(known, UnicodeError):
        return known(text)
    return RemoteError(f"{kind}: {text}")


def _replace(argument: Any, now: Any) -> None:
    if isinstance(argument, list) and isinstance(now, list):
        argument[:] = now
    elif isinstance(argument, (dict, set)) and type(now) is type(argument):
        argument.clear()
        argument.update(now)


def _names_in(code: CodeType) -> set[str]:
    inner = [_names_in(one) for one in code.co_consts if isinstance(one, CodeType)]
    return set(code.co_names).union(*inner)


def _taken(names: Collection[str], used: set[str]) -> set[str]:
    """Names of the candidate that the tests see: none that Python has itself, or it would answer `all` and `len` for them.

    Unless there is no other that they use: then what they try has such a name.
    """
    own = {name for name in names if not hasattr(builtins, name) and not name.startswith("__")}
    return own if own & used else {name for name in names if not name.startswith("__")}


def _modules_meant(tests: ast.Module) -> dict[str, ModuleType]:
    """Modules of Python that the tests take for imported: names that only ever stand before a dot and what the module has.

    ``math.isclose(f(3), 9)`` asks Python's module: an object of the code's that has this name would judge the code itself.
    """
    dotted: dict[str, set[str]] = {}
    parts = [node for node in ast.walk(tests) if isinstance(node, ast.Attribute)]
    for node in parts:
        if isinstance(node.value, ast.Name):
            dotted.setdefault(node.value.id, set()).add(node.attr)
    before_a_dot = {id(node.value) for node in parts}
    alone = {
        node.id for node in ast.walk(tests) if isinstance(node, ast.Name) and id(node) not in before_a_dot
    }
    found = {}
    for name in (dotted.keys() - alone) & sys.stdlib_module_names:
        with contextlib.suppress(ImportError):
            module = standard_module(name)
            if all(hasattr(module, one) for one in dotted[name]):
                found[name] = module
    return found


def _tester(source: str, requests: TextIO, answers: TextIO, verdict: int) -> None:
    # Here `requests` is what the candidate reads and `answers` what it wrote: the two ends are handed over crosswise.
    link = _Link(answers, requests)
    try:
        names = link.read()[1]
        namespace: dict[str, Any] = {"__name__": "tests"}
        tree = ast.parse(source, "tests")
        tests = compile(tree, "tests", "exec")
        taken = _taken(names, _names_in(tests))
        namespace.update({name: link.value(text) for name, text in names.items() if name in taken})
        namespace.update({name: one for name, one in _modules_meant(tree).items() if name in taken})
        exec(tests, namespace)  # noqa: S102  # what this process is for
        found = ["passed", ""]
    except AssertionError as error:
        found = ["failed", str(error)[:500]]
    except Ended as error:
        found = ["ended", str(error)]
    except MemoryError:
        found = ["memory", ""]
    except BaseException as error:
        found = [
            "memory" if "MemoryError" in repr(error) else "error",
            f"{type(error).__name__}: {error}"[:500],
        ]
    with os.fdopen(verdict, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(found))


if __name__ == "__main__":
    main()
