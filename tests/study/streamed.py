"""A tiny model, and a corpus in many files for it."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from adapt.tiny import FILLER, TOPICS, make_checkpoint, make_labelled
from headwinds.adapt.fold import fit_fold, plan_folds
from headwinds.adapt.settings import TuneSettings
from headwinds.compute.settings import ComputeSettings
from headwinds.corpus import shards
from headwinds.corpus.reading import Columns

COLUMNS = Columns(document_id="", keys=("country", "year"))


def make_model(folder: Path) -> Path:
    chosen = TuneSettings(
        checkpoint=str(make_checkpoint(folder / "c")), epochs=1, folds=2, learning_rate=1e-3
    )
    data = make_labelled()
    fit_fold(data, plan_folds(data, chosen)[0], chosen, folder / "m", folder / "scratch", quiet=True)
    return folder / "m"


def make_rows(count: int, *, first: int = 0) -> pa.Table:
    draw = random.Random(first)
    sentences = [*FILLER, *(text for topic in TOPICS.values() for text in topic)]
    rows = range(first, first + count)
    return pa.table(
        {
            "passage_id": [f"p{row}" for row in rows],
            "text": [". ".join(draw.sample(sentences, draw.randint(1, 3))) for _ in rows],
            "country": [draw.choice(["FRA", "DEU", "360"]) for _ in rows],
        }
    )


def make_corpus(folder: Path, *, files: int = 3, rows: int = 200) -> Path:
    for number in range(files):
        place = folder / f"year={1990 + number}"
        place.mkdir(parents=True)
        pq.write_table(make_rows(rows, first=number * rows), place / "a.parquet")
    return folder


def score_by_path(model: str, corpus: str, output: str, rows: str) -> None:
    """Score in shards of so many rows, in a process that a test can kill."""
    from headwinds.study.own_files import score_file

    shards.SHARD_ROWS = int(rows)
    score_file(Path(model), corpus, output, columns=COLUMNS, quiet=True, compute=ComputeSettings(workers=1))


def memory_by_part(model: str, corpus: str, output: str, rows: str) -> None:
    """Score, and print the bytes of memory held whenever a part is written, without what is free but not given back."""
    import ctypes
    import gc
    import resource

    from headwinds.adapt import streamed_scoring

    write = streamed_scoring.write_part
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)

    def watched(*given: object) -> object:
        gc.collect()
        give_back(0)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        print(pages * resource.getpagesize(), flush=True)
        return write(*given)  # type: ignore[arg-type]

    streamed_scoring.write_part = watched  # type: ignore[assignment]
    score_by_path(model, corpus, output, rows)
