"""A user's own corpus that is larger than memory or lies in an object store: scored in pieces, written as they come."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.parts import PARTS, REFUSALS, finish, finished_result
from headwinds.artifacts.stages import SCRATCH
from headwinds.artifacts.stores import Folder, Store, is_url, open_store
from headwinds.compute.likeness import NUMERICAL
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.telling import Tell, tell_nobody
from headwinds.corpus.reading import Columns
from headwinds.errors import DataError
from headwinds.study.environment import processor, versions

LARGEST_IN_MEMORY = 1_000_000
"""Rows of one Parquet file that are read at once; a longer file is streamed."""
RESULT = "scores"
RUNS = f"{SCRATCH}/{RESULT}-ids"


def is_streamed(corpus: str, output: str) -> bool:
    """Whether a corpus is scored in pieces: a folder, a URL, a Parquet file of over a million rows; or to a URL."""
    if is_url(corpus) or is_url(output):
        return True
    path = Path(corpus)
    return path.is_dir() or (
        path.suffix.lower() == ".parquet" and path.is_file() and _rows(path) > LARGEST_IN_MEMORY
    )


def score_partitions(
    model: Path,
    corpus: str,
    output: str,
    *,
    columns: Columns,
    scale: str = "",
    quiet: bool = False,
    compute: ComputeSettings | None = None,
    tell: Tell = tell_nobody,
) -> str:
    """Score every row of partitioned Parquet; returns where the parts are.

    Below ``output/scores`` stand ``parts/part-000000.parquet`` and so on, ``refusals/`` with a list for each part of which
    rows were refused, counts in ``stage.json``, and last ``manifest.json``. Every row of the corpus is in a part or refused.
    Memory does not grow with the corpus. A run that was killed goes on with the parts that are missing. The parts are the
    same wherever `compute` has them scored.

    Raises
    ------
    CheckpointError
        `model` is no fitted model, or was changed.
    DataError
        The corpus is not there, is damaged, lacks a column, or all of its rows are refused.
    SettingsError, StorageError
        A place cannot be used, or refuses.
    BusyError, ComputeError, Interrupted
        Another process writes there; the workers cannot be had; a signal came.
    """
    from headwinds.adapt.fitted_model import read_facts
    from headwinds.adapt.streamed_scoring import Destination, score_shards
    from headwinds.corpus.partitions import find_partitions
    from headwinds.corpus.shards import SHARD_ROWS, plan_shards
    from headwinds.corpus.survey import needed_columns, survey

    read_facts(model)
    store = open_store(output)
    with _alone(store) as scratch, graceful_stop():
        partitions = find_partitions(corpus, needed_columns(columns))
        base = fingerprint(
            model=file_digest(model / "model.json"),
            columns=asdict(columns),
            rows=SHARD_ROWS,
            code=code_digest("headwinds.adapt", "headwinds.corpus"),
            versions=versions(NUMERICAL),
            processor=processor(),
        )
        files = [[file.name, file.digest] for file in partitions.files]
        every = fingerprint(base=base, files=files)
        place = f"{store.place}/{RESULT}/{PARTS}"
        if finished_result(store, RESULT, every):
            return place
        found = survey(partitions, columns, scratch)
        shards = plan_shards(partitions, columns, found, rows=SHARD_ROWS)
        parts = score_shards(
            shards,
            partitions,
            columns,
            found.whole,
            model,
            Destination(store, RESULT, base, of_before=("scores.parquet",)),
            scratch / "scored",
            scale=scale,
            quiet=quiet,
            compute=compute,
            tell=tell,
        )
        rows, refused = sum(part.rows for part in parts), sum(part.refused for part in parts)
        if not rows:
            raise DataError(
                f"{partitions.place} holds no row that can be read (rows: {refused:,}, all refused; the reasons stand in "
                f"{store.place}/{RESULT}/{REFUSALS}).",
                remedy="Check the files and the names of the columns.",
            )
        facts = {
            "name": RESULT,
            "fingerprint": every,
            "rows_in": partitions.rows,
            "rows": rows,
            "refused": refused,
            "parts": len(parts),
        }
        finish(store, RESULT, parts, facts)
    return place


def what_was_refused(output: str) -> str:
    """One sentence on the rows that have no score; "" where all have one."""
    import json

    store = open_store(output)
    facts: dict[str, Any] = json.loads(store.read(f"{RESULT}/stage.json") or b"{}")
    if not facts.get("refused"):
        return ""
    return (
        f"Rows that were refused: {facts['refused']:,} of {facts['rows_in']:,}; "
        f"each stands with its reason in {store.place}/{RESULT}/{REFUSALS}."
    )


@contextmanager
def _alone(store: Store) -> Iterator[Path]:
    """Hold the lock where there is one, and give a folder for runs of ids."""
    if not isinstance(store, Folder):
        with tempfile.TemporaryDirectory() as scratch:
            yield Path(scratch)
        return
    with study_lock(store.path):
        _forget_runs(store)  # of a run that was killed
        try:
            yield store.path / RUNS
        finally:
            _forget_runs(store)


def _forget_runs(store: Folder) -> None:
    for name in store.sizes(f"{RUNS}/"):
        store.remove(name)


def _rows(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return 0  # the reader of small files says what is wrong with it
