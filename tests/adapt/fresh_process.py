"""Predictions by a process that has tuned nothing: all that it knows of a model is what the model's folder says.

One such process serves every test of a worker. It reads one order a line, writes one answer a line, and ends with the tests.
"""

from __future__ import annotations

import atexit
import json
import subprocess
from functools import cache
from pathlib import Path

from adapt.warm_process import Warm, start

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
def reader() -> Warm:
    started = start("-c", READER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def end() -> None:
        started.close()
        started.wait(30)

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
