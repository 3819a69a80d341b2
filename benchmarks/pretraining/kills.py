"""`kill -9` at 20 random moments of a pretraining, from learning the tokenizer to the report; every byte compared.

Run from the repository's root: ``python -m benchmarks.pretraining.kills``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import write_table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KILLS = 20


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        program = str(ROOT / "tests" / "faults" / "killed.py")
        command = [sys.executable, program, "pretraining", str(KILLS), "11", place]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    write_table(
        HERE / "kills.md",
        "Pretraining killed at random moments",
        "A tiny ELECTRA (drawn tokens, masks and dropout in every step) from raw text: tokenizer, tokens, 30 steps whose "
        "state is saved every 20 ms, test. Two or three kills fall into a run before it may end; then every file is "
        "compared with those of a run that was never killed, the measured speed excepted.",
        ["kills", "runs that ended", "files compared in each", "runs with another byte"],
        [[str(found["kills"]), str(found["runs"]), str(found["files"]), str(found["different"])]],
        "python -m benchmarks.pretraining.kills",
    )


if __name__ == "__main__":
    main()
