"""`kill -9` at random moments of every kind of long work: the next run ends with the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    command = [sys.executable, str(KILLED), work, str(kills), "7", str(tmp_path)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] == kills
    assert found["runs"] >= kills // 3
    assert found["files"] >= 3
    assert found["different"] == 0, found
