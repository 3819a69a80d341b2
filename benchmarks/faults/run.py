"""The promises under faults at their full sizes; the test suite holds smaller ones of the same.

Run from the repository's root: ``python -m benchmarks.faults.run``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import write_table

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
sys.path[:0] = [str(TESTS), str(ROOT)]


def crash_points() -> list[str]:
    """A1: the power cut after every call of every write, with unsynced data kept, torn and lost."""
    from artifacts.power import LOSSES
    from artifacts.test_crash_points import PROMISES, _crash, test_every_crash_point_leaves_old_or_new

    points = failed = 0
    for name, promise in PROMISES.items():
        with tempfile.TemporaryDirectory() as place:
            points += len(LOSSES) * (_crash(promise, Path(place), None).done + 1)
        with tempfile.TemporaryDirectory() as place:
            try:
                test_every_crash_point_leaves_old_or_new(name, Path(place))
            except AssertionError as error:
                failed += 1
                sys.stderr.write(f"{name}: {error}\n")
    kinds = f"{len(PROMISES)} kinds of write"
    return [
        "A1",
        f"power cut after every call ({kinds}; unsynced data kept, torn, lost)",
        f"{points}",
        f"{failed}",
    ]


def killed(code: str, work: str, kills: int) -> list[str]:
    """A2, A3: `kill -9` at random moments."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, str(TESTS / "faults" / "killed.py"), work, str(kills), "1", place]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    what = f"`kill -9` while {work}, {found['runs']} runs ended and compared byte by byte ({found['files']} files)"
    return [code, what, str(found["kills"]), str(found["different"])]


def corruptions(flips: int, truncations: int) -> list[str]:
    """A7: bits flipped and files cut short in a finished folder."""
    from headwinds.artifacts.manifest import MANIFEST, is_complete
    from headwinds.artifacts.write import atomic_directory

    missed = 0
    for seed in range(flips + truncations):
        generator = random.Random(seed)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "artifact"
            with atomic_directory(folder) as output:
                for name in ("one", "two", "three"):
                    (output / name).write_bytes(generator.randbytes(500))
            path = folder / generator.choice(("one", "two", "three", MANIFEST))
            content = bytearray(path.read_bytes())
            if seed < flips:
                bit = generator.randrange(8 * len(content))
                content[bit // 8] ^= 1 << bit % 8
            else:
                del content[generator.randrange(len(content)) :]
            path.write_bytes(bytes(content))
            missed += is_complete(folder)
    return [
        "A7",
        f"finished folder damaged: {flips} bits flipped, {truncations} files cut short",
        f"{flips + truncations}",
        f"{missed}",
    ]


def polluted(seeds: int) -> list[str]:
    """B1: broken CSV files."""
    from corpus.pollution import KINDS
    from corpus.test_pollution import broken_promise

    files = wrong = 0
    for kind, make in KINDS.items():
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as place:
                said = broken_promise(make(random.Random(seed)), Path(place) / "documents.csv")
            files += 1
            wrong += bool(said)
            if said:
                sys.stderr.write(f"{kind}, seed {seed}: {said}\n")
    return [
        "B1",
        f"CSV files broken in {len(KINDS)} ways x {seeds}: rows in = rows kept + rows refused",
        f"{files}",
        f"{wrong}",
    ]


def scrambled(files: int) -> list[str]:
    """B1: bytes changed at random in files of every format: never a crash, never a lost row."""
    from corpus.test_reading import (
        test_whatever_is_done_to_the_bytes_the_rows_add_up_or_the_file_is_refused_without_a_crash as hold,
    )

    wrong = 0
    kinds = (".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.xz")
    for seed in range(files):
        with tempfile.TemporaryDirectory() as place:
            try:
                hold(kinds[seed % len(kinds)], seed, Path(place))
            except Exception as error:
                wrong += 1
                sys.stderr.write(f"seed {seed}: {error!r}\n")
    return ["B1", "files of six formats with bytes changed at random", f"{files}", f"{wrong}"]


def encodings(texts: int) -> list[str]:
    """B2: a said encoding is read to the letter; one that was not said is right or refused, never replaced."""
    from corpus.test_encodings import SPOKEN
    from headwinds.corpus.encodings import decode
    from headwinds.errors import EncodingError

    tried = wrong = 0
    for name, words in SPOKEN.items():
        for number in range(texts):
            text = f"{words} {number} {words[::-1]}"
            data = text.encode(name)
            tried += 2
            wrong += decode(data, name, Path("documents.csv")) != text
            with contextlib.suppress(EncodingError):
                wrong += decode(data, "utf-8", Path("documents.csv")) not in (text, text.lstrip("\ufeff"))
    return ["B2", f"{len(SPOKEN)} encodings x {texts} texts, said and not said", f"{tried}", f"{wrong}"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    rows = [
        crash_points(),
        killed("A2", "tuning", arguments.kills),
        killed("A2", "updating", arguments.kills),
        killed("A2", "searching", max(20, arguments.kills // 2)),
        killed("A3", "scoring", arguments.kills),
        corruptions(200, 50),
        polluted(arguments.seeds),
        scrambled(600),
        encodings(10),
    ]
    write_table(
        Path(__file__).parent / "results.md",
        "Faults",
        "What was done to Headwinds, how often, and how often a promise was broken. "
        "Kills hit the tuning, the search and the update of a tiny real model, saved every 20 ms so that "
        "they fall into saves too.",
        ["", "fault", "times", "promises broken"],
        rows,
        f"python -m benchmarks.faults.run --kills {arguments.kills} --seeds {arguments.seeds}",
    )


if __name__ == "__main__":
    main()
