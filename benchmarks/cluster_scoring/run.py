"""Scoring on a Ray cluster of two nodes of one core each against one node; the same under kills.

    python -m benchmarks.cluster_scoring.run passages.parquet runs/NAME/tune/fold-1 --passages 184845 --rounds 3
    python -m benchmarks.cluster_scoring.run passages.parquet runs/NAME/tune/fold-1 --passages 184845 --kill-every 20

The nodes are on this machine, each with a raylet of its own and one core; the driver is a process of its own that mostly
waits. A run is timed from the driver's first line of scoring to the written scores: starting the workers, which load the
model, counts; starting the cluster does not. The runs alternate.

With `--kill-every` a worker drawn at random is killed (SIGKILL) every so many seconds, and the driver once, when half of the
shards are done; it is started again at once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.machine import write_table

STORE_BYTES = 400 * 2**20
WORKER = "ray::ShardWorker"
COLUMNS = ["passage_id", "document_id", "text"]


def drive(corpus: Path, model: Path, folder: Path, address: str, workers: int, shard: int) -> None:
    """Score, as a process that may be killed; prints the seconds."""
    from headwinds.adapt import scoring
    from headwinds.compute.settings import ComputeSettings

    scoring.SHARD_PASSAGES = shard
    documents = dict.fromkeys(pq.read_table(corpus, columns=["document_id"])["document_id"].to_pylist(), 0)
    compute = ComputeSettings(on="ray" if address else "local", address=address, workers=workers)
    (folder / "scores").mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    scoring.score_corpus(
        corpus, documents, [model], folder / "scores", folder / "scratch", quiet=True, compute=compute
    )
    print(json.dumps({"seconds": time.monotonic() - started}))


def start_driver(
    corpus: Path, model: Path, folder: Path, address: str, workers: int, shard: int
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.cluster_scoring.run", str(corpus), str(model), "--drive"]
    command += [str(folder), "--address", address, "--workers", str(workers), "--shard-passages", str(shard)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def timed(corpus: Path, model: Path, folder: Path, address: str, workers: int, shard: int) -> float:
    driver = start_driver(corpus, model, folder, address, workers, shard)
    told, _ = driver.communicate()
    if driver.returncode:
        raise SystemExit(f"the driver ended with {driver.returncode}")
    return float(json.loads(told.strip().splitlines()[-1])["seconds"])


@contextmanager
def cluster(nodes: int) -> Iterator[tuple[str, list[int]]]:
    """So many nodes of one core on this machine: the address, and the raylets' process numbers."""
    from ray.cluster_utils import Cluster

    made = Cluster()
    try:
        for _ in range(nodes):
            made.add_node(num_cpus=1, object_store_memory=STORE_BYTES, include_dashboard=False)
        made.wait_for_nodes()
        every = [made.head_node, *made.worker_nodes]
        yield made.address, [node.all_processes["raylet"][0].process.pid for node in every]
    finally:
        made.shutdown()


def workers_of(raylets: list[int]) -> list[int]:
    """Process numbers of the actors that these raylets started."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent in raylets and (folder / "cmdline").read_text().startswith(WORKER):
                found.append(int(folder.name))
        except OSError:  # it ended meanwhile
            continue
    return sorted(found)


def killed(
    corpus: Path, model: Path, folder: Path, shard: int, every: float, shards: int
) -> dict[str, float]:
    """A run whose workers die every so many seconds and whose driver dies once."""
    dice, workers, drivers = random.Random(1), 0, 0
    with cluster(2) as (address, raylets):
        started = last = time.monotonic()
        driver = start_driver(corpus, model, folder, address, 2, shard)
        while driver.poll() is None:
            time.sleep(0.2)
            if not drivers and 2 * len(list((folder / "scratch").glob("shard-*"))) >= shards:
                driver.send_signal(signal.SIGKILL)
                driver.communicate()
                drivers += 1
                driver = start_driver(corpus, model, folder, address, 2, shard)
            if time.monotonic() - last >= every:
                last = time.monotonic()
                found = workers_of(raylets)
                if found:
                    os.kill(dice.choice(found), signal.SIGKILL)
                    workers += 1
        driver.communicate()
        if driver.returncode:
            raise SystemExit(f"the driver ended with {driver.returncode}")
    return {"workers": workers, "drivers": drivers, "seconds": time.monotonic() - started}


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "scores" / "scores.parquet").read_bytes()).hexdigest()


def count(corpus: Path, folder: Path) -> tuple[int, int]:
    """Passages that are missing from the scores, and that stand there twice."""
    asked = pq.read_table(corpus, columns=["passage_id"])["passage_id"].to_pylist()
    given = Counter(pq.read_table(folder / "scores" / "scores.parquet")["passage_id"].to_pylist())
    return sum(name not in given for name in asked), sum(times > 1 for times in given.values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path, help="Parquet with passage_id, document_id, text")
    parser.add_argument("model", type=Path, help="folder of a fitted model")
    parser.add_argument("--passages", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--shard-passages", type=int, default=4096)
    parser.add_argument("--kill-every", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--drive", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--address", default="", help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive:
        drive(given.corpus, given.model, given.drive, given.address, given.workers, given.shard_passages)
        return
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        corpus = place / "corpus.parquet"
        with pq.ParquetFile(given.corpus) as file:
            batches = file.iter_batches(batch_size=given.passages, columns=COLUMNS)
            table = pa.Table.from_batches(list(batches)).slice(0, given.passages)
        pq.write_table(table, corpus)
        command = (
            f"python -m benchmarks.cluster_scoring.run {given.corpus} {given.model} --passages {table.num_rows} "
            f"--shard-passages {given.shard_passages}"
        )
        if given.kill_every:
            under_kills(given, corpus, place, table.num_rows, f"{command} --kill-every {given.kill_every:g}")
        else:
            against_one_node(given, corpus, place, table.num_rows, f"{command} --rounds {given.rounds}")


def against_one_node(
    given: argparse.Namespace, corpus: Path, place: Path, passages: int, command: str
) -> None:
    seconds: dict[int, list[float]] = {1: [], 2: []}
    digests = []
    for turn in range(given.rounds):
        for nodes in (1, 2):
            folder = place / f"{nodes}-{turn}"
            with cluster(nodes) as (address, _):
                seconds[nodes].append(
                    timed(corpus, given.model, folder, address, nodes, given.shard_passages)
                )
            digests.append(digest(folder))
    local = [timed(corpus, given.model, place / "local", "", 2, given.shard_passages)]
    same = len({*digests, digest(place / "local")}) == 1
    alone = statistics.median(seconds[1])
    rows = [
        [name, f"{passages:,}", ", ".join(f"{one:.1f}" for one in times),
         f"{passages / statistics.median(times):,.0f}", f"{alone / statistics.median(times):.2f}",
         "yes" if same else "NO"]
        for name, times in (("one node", seconds[1]), ("two nodes", seconds[2]), ("local, two processes", local))
    ]  # fmt: skip
    write_table(
        Path(__file__).with_name("results.md"),
        "Scoring on a cluster of two nodes",
        "Two nodes of one core each on one machine, against one; `local` for comparison. Times are of the driver, with "
        "the start of the workers. The speed-up is of the medians; bytes are those of `scores.parquet`.",
        ["where", "passages", "seconds", "passages/s", "speed-up", "same bytes"],
        rows,
        command,
    )


def under_kills(given: argparse.Namespace, corpus: Path, place: Path, passages: int, command: str) -> None:
    shards = -(-passages // given.shard_passages)
    found = killed(corpus, given.model, place / "killed", given.shard_passages, given.kill_every, shards)
    timed(corpus, given.model, place / "local", "", 2, given.shard_passages)
    missing, twice = count(corpus, place / "killed")
    kept = len(list((place / "killed" / "scratch").glob("shard-*")))
    same = digest(place / "killed") == digest(place / "local")
    write_table(
        Path(__file__).with_name("kills.md"),
        "Scoring on a cluster whose workers and driver are killed",
        f"Two nodes of one core; a worker drawn at random is killed every {given.kill_every:g} s, the driver once. Compared "
        "with a run of `local` that nobody disturbed.",
        ["passages", "shards", "seconds", "workers killed", "drivers killed", "shards lost", "passages missing",
         "passages twice", "same bytes as local"],
        [[f"{passages:,}", f"{kept:,}", f"{found['seconds']:.0f}", f"{found['workers']:.0f}",
          f"{found['drivers']:.0f}", f"{shards - kept}", str(missing), str(twice), "yes" if same else "NO"]],
        command,
    )  # fmt: skip


if __name__ == "__main__":
    main()
