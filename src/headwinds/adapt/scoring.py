"""Score a whole corpus: streamed from Parquet in shards, memory bounded, killed anywhere and resumed to the same bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.fitted_model import FittedModel, ModelFacts, load_model, read_facts
from headwinds.adapt.prediction import Predictor, predict, predictor_of
from headwinds.adapt.tasks.label_order import number_of
from headwinds.adapt.training.device import choose_predicting_device
from headwinds.adapt.training.progress import watch
from headwinds.compute.likeness import NUMERICAL
from headwinds.compute.running import run_shards
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.telling import Tell, tell_nobody
from headwinds.compute.work import Finished, Shard, Work, result_of, shard_of_bytes
from headwinds.errors import MismatchError

if TYPE_CHECKING:
    import pyarrow as pa

SHARD_PASSAGES = 4096


def score_corpus(
    corpus_path: Path,
    fold_of_document: Mapping[str, int],
    model_folders: Sequence[Path],
    output: Path,
    scratch: Path,
    *,
    quiet: bool = False,
    scale: str = "",
    compute: ComputeSettings | None = None,
    tell: Tell = tell_nobody,
) -> None:
    """Write `scores.parquet` into `output`: one row a passage of `corpus_path`, in its order.

    Every passage is scored by the model of its document's fold, which saw none of that document. Columns:
    `passage_id`, `document_id`, `fold`, `tokens`, `read_share`, then ``probability_<label>`` and ``label_<label>``; where
    the labels are the grades of a `scale`, also ``score_<scale>``, the expected grade.

    Each finished shard of 4,096 passages is kept in `scratch`; after a kill only shards that were in work are computed
    again. Batches are formed within a shard only, so the bytes depend neither on where a run was interrupted nor on
    `compute`, which says where the shards are scored.

    Raises
    ------
    MismatchError
        The models disagree on their labels, or a document has no fold.
    ComputeError
        The workers cannot be had; see `headwinds.compute.running.run_shards`.
    Interrupted
        A signal came; the finished shards are kept.
    """
    import pyarrow.parquet as pq

    facts = [read_facts(folder) for folder in model_folders]
    if len({one.labels for one in facts}) != 1:
        raise MismatchError(
            "The models of the folds do not have the same labels.", remedy="Tune them again in one run."
        )
    total = pq.read_metadata(corpus_path).num_rows
    work = scoring_work(model_folders, fold_of_document, scale=scale)
    finished: list[Finished] = []
    with watch("score passages", total, quiet=quiet) as progress:
        done, scored, started = 0, 0, time.monotonic()
        progress.update(0, "")  # from here the time is counted
        for shard in run_shards(
            work,
            _shards(corpus_path),
            scratch,
            one_process_on_a_gpu(compute or ComputeSettings(), facts[0]),
            expected=-(-total // SHARD_PASSAGES),
            tell=tell,
        ):
            done += shard.size
            scored += 0 if shard.reused else shard.size
            finished.append(shard)
            progress.update(done, f"{scored / (time.monotonic() - started):,.0f} passages/s")
    _join(finished, output / "scores.parquet")


def scoring_work(
    model_folders: Sequence[Path], fold_of_document: Mapping[str, int], *, scale: str = ""
) -> Work:
    """The work whose shards are tables `passage_id`, `document_id`, `text` (see `to_shard`), and whose bytes are Parquet."""
    return Work(_prepare, _do, (dict(fold_of_document), scale), tuple(map(Path, model_folders)), NUMERICAL)


def to_shard(number: int, table: pa.Table) -> Shard:
    """A shard of passages, named by their ids, documents and texts."""
    return shard_of_bytes(number, stream_bytes(table), size=table.num_rows)


def one_process_on_a_gpu(compute: ComputeSettings, facts: ModelFacts) -> ComputeSettings:
    """One process where it has a GPU: several would only share it."""
    device = choose_predicting_device(facts.precision)
    alone = device != "cpu" and compute.on == "local" and not compute.workers
    return replace(compute, workers=1) if alone else compute


@dataclass(frozen=True, slots=True)
class _Held:
    """What a worker holds: the models, packed, and the fold of each document."""

    models: tuple[FittedModel, ...]
    predictors: tuple[Predictor, ...]
    fold_of_document: Mapping[str, int]
    scale: str


def _prepare(folders: tuple[Path, ...], given: tuple[Mapping[str, int], str]) -> _Held:
    models = tuple(load_model(folder) for folder in folders)
    device = choose_predicting_device(models[0].facts.precision)
    for model in models:
        model.network.to(device)
    predictors = tuple(predictor_of(m) for m in models)
    return _Held(models, predictors, *given)


def _do(held: _Held, content: bytes) -> bytes:
    import pyarrow as pa

    with pa.ipc.open_stream(content) as reader:
        passages = reader.read_all()
    return parquet_bytes(
        score_shard(passages, held.fold_of_document, held.models, held.predictors, held.scale)
    )


def _shards(path: Path) -> Iterator[Shard]:
    for number, table in enumerate(_tables(path)):
        yield to_shard(number, table)


def _tables(path: Path) -> Iterator[pa.Table]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        columns = ["passage_id", "document_id", "text"]
        waiting: list[pa.RecordBatch] = []
        rows = 0
        for batch in file.iter_batches(batch_size=SHARD_PASSAGES, columns=columns):
            waiting.append(batch)
            rows += batch.num_rows
            while rows >= SHARD_PASSAGES:
                table = _table(waiting)
                yield table.slice(0, SHARD_PASSAGES)
                waiting = table.slice(SHARD_PASSAGES).to_batches()
                rows -= SHARD_PASSAGES
        if rows:
            yield _table(waiting)


def _table(batches: list[pa.RecordBatch]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches(batches)


def score_shard(
    shard: pa.Table,
    fold_of_document: Mapping[str, int],
    models: Sequence[FittedModel],
    predictors: Sequence[Predictor],
    scale: str,
) -> pa.Table:
    """Scores of a table of passages, each by the model of its document's fold; see `score_corpus` for the columns."""
    import numpy as np
    import pyarrow as pa

    texts = shard["text"].to_pylist()
    documents = shard["document_id"].to_pylist()
    unknown = next((name for name in documents if name not in fold_of_document), None)
    if unknown is not None:
        raise MismatchError(
            f"Document {unknown!r} has no fold.", remedy="Run the study's check again on this corpus."
        )
    fold = np.array([fold_of_document[name] for name in documents], dtype=np.int64)
    labels = models[0].facts.labels
    probability = np.empty((len(texts), len(labels)))
    given = np.empty((len(texts), len(labels)), dtype=bool)
    tokens, read_share = np.empty(len(texts), dtype=np.int64), np.empty(len(texts))
    for number, (model, predictor) in enumerate(zip(models, predictors, strict=True)):
        rows = np.flatnonzero(fold == number)
        if rows.size:
            found = predict(model, [texts[row] for row in rows], predictor=predictor)
            probability[rows], given[rows] = found.probability, found.label
            tokens[rows], read_share[rows] = found.tokens, found.read_share
    columns = {
        "passage_id": shard["passage_id"],
        "document_id": shard["document_id"],
        "fold": pa.array(fold),
        "tokens": pa.array(tokens),
        "read_share": pa.array(read_share),
    }
    columns |= {f"probability_{name}": pa.array(probability[:, index]) for index, name in enumerate(labels)}
    columns |= {f"label_{name}": pa.array(given[:, index]) for index, name in enumerate(labels)}
    if scale:
        values = np.array([number_of(name) for name in labels], dtype=np.float64)
        columns[f"score_{scale}"] = pa.array(probability @ values)
    return pa.table(columns)


def stream_bytes(table: pa.Table) -> bytes:
    """A table as an Arrow stream, which is quick to write and to read."""
    import pyarrow as pa

    buffer = pa.BufferOutputStream()
    with pa.ipc.new_stream(buffer, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    content: bytes = buffer.getvalue().to_pybytes()
    return content


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as the content of a Parquet file."""
    import io

    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _join(shards: Sequence[Finished], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    for shard in shards:
        table = pq.read_table(pa.BufferReader(result_of(shard)))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
