"""The process that computes analyses: bounded in its memory, ended when nobody waits, there again for the next."""

from __future__ import annotations

import json
import os
import resource
import threading
import time

import pytest

from headwinds.adapt.watching import Unwanted
from headwinds.serve.calculator import Calculator

ENTITIES = 4000
LARGE = {
    "panel": {
        "entity": [f"e{place}" for place in range(ENTITIES)] * 2,
        "period": [2000] * ENTITIES + [2001] * ENTITIES,
        "x": [float(place % 97 + 1) for place in range(2 * ENTITIES)],
    },
    "series": "x",
    "regions": "none",
    "draws": 10_000,
}
LONG = {
    "panel": {
        "entity": ["a"] * 200,
        "period": list(range(1800, 2000)),
        "x": [float(place % 97 + 1) for place in range(200)],
    },
    "series": "x",
    "draws": 10_000,
    "most": 8,
    "trimming": 0.05,
}


@pytest.fixture
def many_connections():
    """Take so many descriptors that those of a new process come after the 1024th."""
    taken: list[int] = []
    there, most = resource.getrlimit(resource.RLIMIT_NOFILE)

    def take():
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 1400), most))
        taken.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(1100))

    yield take
    for one in taken:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (there, most))


@pytest.mark.slow
def test_what_needs_too_much_memory_is_one_line_and_who_leaves_is_not_computed_for(many_connections):
    calculator = Calculator(memory=1_200_000_000)
    calculator.start()
    try:
        found = calculator.compute("divide", json.dumps(LARGE).encode(), seconds=120, left=threading.Event())
        assert found.status == 422
        assert "MB that there are" in json.loads(found.body)["error"]
        assert not found.failed
        process = calculator._process
        many_connections()
        left = threading.Event()
        threading.Timer(0.5, left.set).start()
        start = time.monotonic()
        with pytest.raises(Unwanted):
            calculator.compute("breaks", json.dumps(LONG).encode(), seconds=120, left=left)
        assert time.monotonic() - start < 2
        assert process.poll() is not None
        again = calculator.compute("graph", b"{}", seconds=120, left=threading.Event())
        assert again.status == 200
    finally:
        calculator.stop()
    assert calculator.waiting == 0
