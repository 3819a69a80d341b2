"""Scoring on a Ray cluster of two nodes of one core each against one node; the same under kills.

    python -m benchmarks.cluster.scoring passages.parquet model --passages 184845 --rounds 3
    python -m benchmarks.cluster.scoring passages.parquet model --passages 184845 --where --kill-every 20

The nodes are on this machine, each with a raylet of its own and one core; the driver is a process of its own that mostly
waits. A run is timed from the driver's first line of scoring to the written scores: starting the workers, which load the
model, counts; starting the cluster does not. The runs alternate.

With `--kill-every` there is a run more, in which a worker drawn at random is killed (SIGKILL) every so many seconds, and
the driver once, when half of the shards are done; it is started again at once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.cluster.nodes import cluster, killed, set_token
from benchmarks.machine import write_table

RESULTS = Path(__file__).with_suffix(".json")
WHERE = {"one": "one node", "two": "two nodes", "local": "local, two processes"}
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
    command = [sys.executable, "-m", "benchmarks.cluster.scoring", str(corpus), str(model), "--drive"]
    command += [str(folder), "--address", address, "--workers", str(workers), "--shard-passages", str(shard)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def timed(corpus: Path, model: Path, folder: Path, address: str, workers: int, shard: int) -> float:
    driver = start_driver(corpus, model, folder, address, workers, shard)
    told, _ = driver.communicate()
    if driver.returncode:
        raise SystemExit(f"the driver ended with {driver.returncode}")
    return float(json.loads(told.strip().splitlines()[-1])["seconds"])


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
    parser.add_argument("--where", nargs="*", default=list(WHERE), choices=list(WHERE))
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
    set_token()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        corpus = place / "corpus.parquet"
        with pq.ParquetFile(given.corpus) as file:
            batches = file.iter_batches(batch_size=given.passages, columns=COLUMNS)
            table = pa.Table.from_batches(list(batches)).slice(0, given.passages)
        pq.write_table(table, corpus)
        command = (
            f"python -m benchmarks.cluster.scoring {given.corpus} {given.model} --passages {table.num_rows} "
            f"--shard-passages {given.shard_passages}"
        )
        if given.where:
            command += f" --where {' '.join(given.where)} --rounds {given.rounds}"
        if given.kill_every:
            command += f" --kill-every {given.kill_every:g}"
        folders = time_runs(given, corpus, place, table.num_rows, command) if given.where else []
        if given.kill_every:
            under_kills(given, corpus, place, table.num_rows, folders, command)


def time_runs(
    given: argparse.Namespace, corpus: Path, place: Path, passages: int, command: str
) -> list[Path]:
    """Time each place so many times, in turn; seconds are added to those of earlier calls, bytes compared in this one."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    seconds = results.setdefault(str(passages), {})
    folders = []
    for turn, where in product(range(given.rounds), given.where):
        folder = place / f"{where}-{turn}"
        if where == "local":
            taken = timed(corpus, given.model, folder, "", 2, given.shard_passages)
        else:
            nodes = 1 + (where == "two")
            with cluster(nodes) as (address, _):
                taken = timed(corpus, given.model, folder, address, nodes, given.shard_passages)
        folders.append(folder)
        if len({digest(one) for one in folders}) > 1:
            raise SystemExit(f"{where} gives other bytes than {given.where[0]}")
        seconds.setdefault(where, []).append(round(taken, 1))
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    write_table(
        Path(__file__).with_suffix(".md"),
        "Scoring on a cluster of two nodes",
        "Two nodes of one core each on one machine, against one; `local` for comparison. Times are of the driver, with "
        "the start of the workers, of all calls of this benchmark. The speed-up is of the medians. The bytes of "
        "`scores.parquet` were the same in all runs of a call, or the benchmark would have failed.",
        ["passages", "where", "seconds", "passages/s", "speed-up"],
        list(rows_of(results)),
        command,
    )
    return folders


def rows_of(results: dict[str, dict[str, list[float]]]) -> Iterator[list[str]]:
    for passages, seconds in sorted(results.items(), key=lambda item: int(item[0])):
        for where in sorted(seconds, key=list(WHERE).index):
            middle = statistics.median(seconds[where])
            alone = statistics.median(seconds["one"]) if "one" in seconds else float("nan")
            told = ", ".join(f"{one:.1f}" for one in seconds[where])
            yield [
                f"{int(passages):,}",
                WHERE[where],
                told,
                f"{int(passages) / middle:,.0f}",
                f"{alone / middle:.2f}",
            ]


def under_kills(
    given: argparse.Namespace, corpus: Path, place: Path, passages: int, folders: list[Path], command: str
) -> None:
    shards = -(-passages // given.shard_passages)
    folder = place / "killed"
    if not folders:
        folders = [place / "local"]
        timed(corpus, given.model, folders[0], "", 2, given.shard_passages)

    def start(address: str) -> subprocess.Popen[str]:
        return start_driver(corpus, given.model, folder, address, 2, given.shard_passages)

    def half_done() -> bool:
        return 2 * len(list((folder / "scratch").glob("shard-*"))) >= shards

    found = killed(start, half_done, given.kill_every)
    missing, twice = count(corpus, folder)
    kept = len(list((folder / "scratch").glob("shard-*")))
    same = digest(folder) == digest(folders[0])
    write_table(
        Path(__file__).with_name("kills.md"),
        "Scoring on a cluster whose workers and driver are killed",
        f"Two nodes of one core; a random worker is killed every {given.kill_every:g} s, the driver once. The bytes "
        "are compared with a run of the same call that nobody disturbed.",
        ["passages", "shards", "seconds", "workers killed", "drivers killed", "shards lost", "passages missing",
         "passages twice", "same bytes"],
        [[f"{passages:,}", f"{kept:,}", f"{found.seconds:.0f}", str(found.workers),
          str(found.drivers), f"{shards - kept}", str(missing), str(twice), "yes" if same else "NO"]],
        command,
    )  # fmt: skip


if __name__ == "__main__":
    main()
