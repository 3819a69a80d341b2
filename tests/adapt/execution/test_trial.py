"""Foreign code can compute and answer, and nothing else; and it cannot make itself believed."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from adapt.execution.adversaries import adversaries
from headwinds.adapt.execution.passes import pass_at_k
from headwinds.adapt.execution.trial import ExecutionLimits, try_code
from headwinds.errors import SettingsError

QUICK = ExecutionLimits(seconds=1.0)


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("def double(x): return 2 * x", "assert double(4) == 8"),
        ("def push(items): items.append(3)", "items = [1]\npush(items)\nassert items == [1, 3]"),
        ("def merge(into): into['b'] = 2", "into = {'a': 1}\nmerge(into)\nassert into == {'a': 1, 'b': 2}"),
        (
            "class Pair:\n    def __init__(self, a): self.a = a\ndef total(ps): return sum(p.a for p in ps)",
            "assert total([Pair(4), Pair(5)]) == 9",
        ),
        ("def fail(): raise ValueError('no')", "try:\n    fail()\n    assert False\nexcept ValueError: pass"),
        ("def evens(n): return (2 * i for i in range(n))", "assert list(evens(3)) == [0, 2, 4]"),
        ("import math\ndef root(x): return math.sqrt(x)", "assert math.isclose(root(4), 2)"),
        (
            "def kinds(): return [float('inf'), 1 + 2j, b'x', {1}, (1, None), 2**200]",
            "assert kinds()[5] == 2**200",
        ),
        (
            "SCALE = 3\ndef scaled(x, *, by=1): return SCALE * x * by",
            "assert scaled(2, by=2) == 12 and SCALE == 3",
        ),
        ("def sum(a, b): return 10 * a + b", "assert sum(1, 2) == 12"),
        ("def total(xs): return sum(xs)\ndef sum(xs): return len(list(xs))", "assert total([5, 6]) == 2"),
    ],
)
def test_right_code_passes(code, tests):
    found = try_code(code, tests)
    assert found.passed, found


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("def double(x): return 3 * x", "failed"),
        ("def double(x): raise KeyError(x)", "error"),
        ("def double(x) return x", "error"),
        ("import os\nos._exit(0)", "ended"),
        ("def double(x):\n    while True: pass", "time"),
        ("def double(x): return bytearray(10 * 2**30)", "memory"),
    ],
)
def test_wrong_code_is_told_by_how_it_failed(code, outcome):
    assert try_code(code, "assert double(4) == 8", QUICK).outcome == outcome


@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("def all(them): return True", "all(double(n) == 2 * n for n in range(3))"),
        ("def len(them): return 8", "len([double(4)] * 8) == 7 + (double(4) == 8)"),
        ("def abs(it): return 0", "abs(double(4) - 8) < 1e-6"),
        ("def isinstance(it, kind): return True\nint = None", "isinstance(double(4), int) and double(4) > 0"),
        ("class math:\n    isclose = staticmethod(lambda *_: True)", "math.isclose(double(4), 8)"),
        ("math = 3", "math.isclose(double(4), 8)"),
    ],
)
def test_the_tests_count_and_compare_by_python_s_own_functions(code, test):
    wrong = f"def double(x): return -x\n{code}"
    assert try_code(wrong, f"assert {test}").outcome == "failed"
    assert try_code(f"def double(x): return 2 * x\n{code}", f"assert {test}").passed


@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("from datetime import datetime", "datetime.strptime('2020', '%Y') == datetime(2020, 1, 1)"),
        ("import statistics as s", "s.mean([1, 3]) == 2"),
        ("class queue:\n    def put(self, what): self.last = what", "queue().put(1) is None"),
        ("class queue:\n    longest = 7", "queue.longest == 7"),
        ("def bisect(low, high): return low", "bisect(1, 2) == 1"),
    ],
)
def test_the_code_s_own_names_are_its_own_where_a_module_has_the_name_too(code, test):
    assert try_code(code, f"assert {test}").outcome == "passed"


@pytest.fixture(scope="module")
def open_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_adversaries_are_contained(tmp_path, open_port):
    canary = tmp_path / "canary"
    everyone = adversaries(str(canary), open_port.getsockname()[1])
    assert len(everyone) >= 200
    escaped = []
    for one in everyone[::5]:
        found = try_code(one.code, one.tests, QUICK)
        if found.passed or found.seconds > 4 or os.path.lexists(canary):
            escaped.append((one, found))
    assert escaped == []
    with pytest.raises(BlockingIOError):
        open_port.accept()


def test_without_confinement_the_same_programs_do_harm(tmp_path):
    # Were the adversaries harmless by themselves, the test above could not fail.
    canary = tmp_path / "canary"
    writing = next(one for one in adversaries(str(canary), 1) if "mkdir" in one.code)
    exec(compile(writing.code, "adversary", "exec"), space := {})
    space["f"]()
    assert canary.exists()


def children() -> set[str]:
    """Of this process, dead ones that nobody waited for included: other tests may have some."""
    return {
        child
        for thread in Path("/proc/self/task").iterdir()
        for child in (thread / "children").read_text().split()
    }


def test_nothing_is_left_running_after_the_time_is_up():
    before = children()
    started = time.monotonic()
    try_code("def f():\n    while True: pass", "f()", QUICK)
    assert time.monotonic() - started < 4
    assert children() == before


@pytest.mark.parametrize(
    ("samples", "passed", "k", "value"), [(5, 0, 1, 0.0), (5, 5, 5, 1.0), (4, 2, 2, 5 / 6), (10, 3, 1, 0.3)]
)
def test_pass_at_k_is_what_enumeration_gives(samples, passed, k, value):
    assert pass_at_k(samples, passed, k) == pytest.approx(value)


def test_pass_at_k_of_too_few_samples_is_refused():
    with pytest.raises(SettingsError, match="pass@5"):
        pass_at_k(3, 1, 5)
