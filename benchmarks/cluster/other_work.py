"""A search and draws of a simulation on a Ray cluster whose workers and driver are killed, against one undisturbed worker.

    python -m benchmarks.cluster.other_work --kill-every 20

The search: trials drawn four at a time, three finalists with three seeds, on the labelled questions to a bank of
`examples/`; compared is `search.json`. The draws: coverage of the chain's intervals (`benchmarks.coverage.draws`); compared
are the bytes of all draws in their order. The references are made by one process of this machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cluster.nodes import killed, set_token
from benchmarks.machine import write_table

from headwinds.compute.settings import ComputeSettings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RESULTS = Path(__file__).with_suffix(".json")
TRIALS, TOGETHER, FINALISTS, SEEDS = 16, 4, 3, 3


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work: how it is done, how many shards it has in all, and what is compared in the end."""

    title: str
    run: Callable[[Path, ComputeSettings, int], None]
    shards: Callable[[int], int]
    digest: Callable[[Path], str]


def run_search(folder: Path, compute: ComputeSettings, _: int) -> None:
    from headwinds.adapt.search.space import Range
    from headwinds.adapt.search.trials import SearchSettings, search
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tuning_files import LabelledFiles

    files = LabelledFiles(EXAMPLES / "intents-train.csv", test=EXAMPLES / "intents-test.csv")
    space = {"learning_rate": Range(1e-5, 1e-2, whole=False), "epochs": Range(2, 8, whole=True)}
    plan = SearchSettings(trials=TRIALS, finalists=FINALISTS, seeds=SEEDS, together=TOGETHER)
    search(files, TuneSettings(), space, plan, folder, quiet=True, compute=compute)


def run_draws(folder: Path, compute: ComputeSettings, draws: int) -> None:
    from benchmarks.coverage.draws import do, prepare

    from headwinds.compute.running import run_shards
    from headwinds.compute.work import Shard, Work

    work = Work(prepare, do, "chain", libraries=("numpy", "scipy"))
    shards = (Shard(seed, seed, f"{seed:064x}") for seed in range(draws))
    for _ in run_shards(work, shards, folder / "draws", compute, expected=draws):
        pass


def of_file(folder: Path) -> str:
    return hashlib.sha256((folder / "search.json").read_bytes()).hexdigest()


def of_shards(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted((folder / "draws").glob("shard-*")):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


KINDS = {
    "search": Kind(
        f"a search: {TRIALS} trials, {TOGETHER} together, then {FINALISTS} finalists with {SEEDS} seeds",
        run_search,
        lambda _: TRIALS + FINALISTS * SEEDS,
        of_file,
    ),
    "draws": Kind("draws of coverage", run_draws, lambda draws: draws, of_shards),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--kill-every", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument("--drive", choices=sorted(KINDS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--address", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive:
        compute = ComputeSettings("ray", given.address, 2) if given.address else ComputeSettings(workers=1)
        KINDS[given.drive].run(given.folder, compute, given.draws)
        return
    set_token()
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        for kind in given.work:
            rows[kind] = compare(kind, KINDS[kind], Path(name), given.draws, given.kill_every)
            RESULTS.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")
    write_table(
        Path(__file__).with_suffix(".md"),
        "A search and a simulation on a cluster whose workers and driver are killed",
        f"Two nodes of one core; a random worker is killed every {given.kill_every:g} s, the driver once, when half "
        "of the shards are done. Compared with one undisturbed process of this machine.",
        [
            "work",
            "shards",
            "seconds",
            "alone",
            "workers killed",
            "drivers killed",
            "shards lost",
            "same bytes",
        ],
        [rows[kind] for kind in KINDS if kind in rows],
        f"python -m benchmarks.cluster.other_work --draws {given.draws} --kill-every {given.kill_every:g}",
    )


def compare(kind: str, what: Kind, place: Path, draws: int, every: float) -> list[str]:
    alone, disturbed = place / f"{kind}-alone", place / f"{kind}-killed"
    shards = what.shards(draws)

    def start(folder: Path, address: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "benchmarks.cluster.other_work", "--drive", kind]
        command += ["--folder", str(folder), "--address", address, "--draws", str(draws)]
        return subprocess.Popen(command, text=True)

    def finished() -> int:
        return len(list(disturbed.rglob("shard-*")))

    started = time.monotonic()
    if start(alone, "").wait():
        raise SystemExit("the undisturbed run failed")
    seconds = time.monotonic() - started
    found = killed(lambda address: start(disturbed, address), lambda: 2 * finished() >= shards, every)
    same = what.digest(alone) == what.digest(disturbed)
    return [
        what.title,
        str(finished()),
        f"{found.seconds:.0f}",
        f"{seconds:.0f}",
        str(found.workers),
        str(found.drivers),
        str(shards - finished()),
        "yes" if same else "NO",
    ]


if __name__ == "__main__":
    main()
