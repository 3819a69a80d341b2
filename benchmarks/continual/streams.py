"""Streams of four tasks from public intent data: new classes with every task, or new content of the same classes.

"classes" takes two slices of the labels of BANKING77 and two of CLINC150. "domains" asks for the domain of a CLINC150 query
(banking, travel, ...) and brings other intents of every domain with each task: the same labels, a subpopulation never seen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from benchmarks.continual.domains import DOMAINS
from benchmarks.tasks.data import banking, clinc

TASKS = 4


@dataclass(frozen=True)
class StreamTask:
    """Rows (text, label) of one task."""

    name: str
    train: list[tuple[str, str]]
    test: list[tuple[str, str]]


def read_stream(
    name: str, folder: Path, *, classes: int, rows: int, test_rows: int, seed: int
) -> list[StreamTask]:
    """Four tasks with `classes` classes each ("classes") or intents for each of ten domains ("domains").

    `rows` and `test_rows` are those of a class, or of an intent; which classes and rows there are hangs on `seed`.
    """
    if name == "classes":
        return _classes(folder, classes, rows, test_rows, seed)
    return _domains(folder, classes, rows, test_rows, seed)


def _classes(folder: Path, classes: int, rows: int, test_rows: int, seed: int) -> list[StreamTask]:
    found = []
    for source, read in (("banking77", banking), ("clinc150", clinc)):
        parts = read(folder)
        names = sorted({row["label"] for row in parts["train"]} - {"oos"})
        random.Random(seed).shuffle(names)
        for half in range(2):
            chosen = names[half * classes : (half + 1) * classes]
            found.append(
                _task(
                    f"{source}-{half + 1}",
                    parts,
                    {one: f"{source}: {one}" for one in chosen},
                    rows,
                    test_rows,
                    seed,
                )
            )
    return found


def _domains(folder: Path, intents: int, rows: int, test_rows: int, seed: int) -> list[StreamTask]:
    parts = clinc(folder)
    found = []
    for number in range(TASKS):
        mapping = {}
        for domain in sorted(DOMAINS):
            names = sorted(DOMAINS[domain].split())
            random.Random(f"{seed} {domain}").shuffle(names)
            mapping |= dict.fromkeys(names[number * intents : (number + 1) * intents], domain)
        found.append(_task(f"intents-{number + 1}", parts, mapping, rows, test_rows, seed))
    return found


def _task(
    name: str, parts: dict, mapping: dict[str, str], rows: int, test_rows: int, seed: int
) -> StreamTask:
    chosen = {}
    for part, count in (("train", rows), ("test", test_rows)):
        taken = []
        for original, label in mapping.items():
            mine = [row["text"] for row in parts[part] if row["label"] == original]
            random.Random(f"{seed} {original}").shuffle(mine)
            taken += [(text, label) for text in mine[:count]]
        random.Random(seed).shuffle(taken)
        chosen[part] = taken
    return StreamTask(name, chosen["train"], chosen["test"])
