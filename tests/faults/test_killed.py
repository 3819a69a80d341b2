"""`kill -9` at random moments of every kind of long work: the next run ends with the same bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adapt.warm_process import run

KILLED = Path(__file__).with_name("killed.py")


@pytest.mark.parametrize(
    ("work", "kills"),
    [
        ("tuning", 3),
        ("scoring", 3),
        ("pretraining", 2),
        pytest.param("updating", 3, marks=pytest.mark.slow),
        pytest.param("searching", 1, marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_ends_with_the_bytes_of_one_that_was_not(work: str, kills: int, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = run(str(KILLED), work, str(kills), "7", str(tmp_path), env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] == kills
    assert found["runs"] >= kills // 3
    assert found["files"] >= 3
    assert found["different"] == 0, found
