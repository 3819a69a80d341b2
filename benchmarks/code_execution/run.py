"""Code execution: reference solutions of HumanEval and MBPP pass, adversarial programs are contained.

    python -m benchmarks.code_execution.run DATA

DATA is a folder with ``humaneval/HumanEval.jsonl.gz`` and ``mbpp/mbpp.jsonl`` as their makers publish them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.machine import write_table

from headwinds.adapt.execution.trial import ExecutionLimits, try_code

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))


def humaneval(folder: Path) -> Iterator[tuple[str, str]]:
    with gzip.open(folder / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["prompt"] + row["canonical_solution"], f"{row['test']}\ncheck({row['entry_point']})"


def mbpp(folder: Path) -> Iterator[tuple[str, str]]:
    for line in (folder / "mbpp" / "mbpp.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["code"], "\n".join([row["test_setup_code"], *row["test_list"]])


def main() -> None:
    from adapt.execution.adversaries import adversaries

    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    rows = []
    for name, trials in (("HumanEval references", humaneval(data)), ("MBPP references", mbpp(data))):
        started, outcomes = time.perf_counter(), Counter()
        for code, tests in trials:
            outcomes[try_code(code, tests, ExecutionLimits(10.0)).outcome] += 1
        total = outcomes.total()
        rows.append(
            [name, str(total), f"{outcomes['passed']} pass", f"{(time.perf_counter() - started) / total:.3f}"]
        )
        print(rows[-1], outcomes, flush=True)
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        canary = Path(folder) / "canary"
        kinds: dict[str, list[bool]] = {}
        seconds: dict[str, list[float]] = {}
        for one in adversaries(str(canary), server.getsockname()[1]):
            found = try_code(one.code, one.tests, ExecutionLimits(1.0))
            contained = not found.passed and found.seconds < 4 and not os.path.lexists(canary)
            try:
                server.accept()
                contained = False
            except BlockingIOError:
                pass
            kinds.setdefault(one.kind, []).append(contained)
            seconds.setdefault(one.kind, []).append(found.seconds)
    for kind, contained in kinds.items():
        mean = sum(seconds[kind]) / len(contained)
        rows.append(
            [f"adversaries: {kind}", str(len(contained)), f"{sum(contained)} contained", f"{mean:.3f}"]
        )
    everyone = [one for contained in kinds.values() for one in contained]
    rows.append(["adversaries, all", str(len(everyone)), f"{sum(everyone)} contained", ""])
    write_table(
        HERE / "results.md",
        "Code execution",
        "Reference solutions against their own tests, and programs that try to get out, to stay, to use everything up or "
        "to be believed (one second each, 512 MiB). Contained: did not pass, made no file, reached no port, ended in time. "
        "Seconds a program include the start of two confined interpreters.",
        ["programs", "number", "result", "seconds each"],
        rows,
        "python -m benchmarks.code_execution.run DATA",
    )


if __name__ == "__main__":
    main()
