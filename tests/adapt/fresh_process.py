"""Predictions by a process that has tuned nothing: all that it knows of a model is what the model's folder says.

One such process serves every test of a worker, because each start loads PyTorch again, which takes longer than most models
here take to be tuned. It reads one order a line, writes one answer a line, and ends with the tests.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

READER = """
import json, sys, traceback
from pathlib import Path
from headwinds.adapt.predicting import predict_file
for line in sys.stdin:
    try:
        predict_file(*map(Path, json.loads(line)))
        problem = ""
    except BaseException:
        problem = traceback.format_exc()
    print("\\nANSWER " + json.dumps(problem), flush=True)
"""


@cache
def reader() -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", READER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def end() -> None:
        started.communicate(timeout=30)

    atexit.register(end)
    return started


def predicted_again(model: Path, test: Path, output: Path) -> bytes:
    """What `predict_file` writes over there."""
    process = reader()
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps([str(model), str(test), str(output)]) + "\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("ANSWER "):
            problem = json.loads(line.removeprefix("ANSWER "))
            assert not problem, problem
            return output.read_bytes()
    raise AssertionError(f"the reading process ended with {process.wait()}")
