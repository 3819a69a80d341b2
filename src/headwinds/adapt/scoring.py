"""Score a whole corpus: streamed from Parquet in shards, memory bounded, killed anywhere and resumed to the same bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.fitted_model import FittedModel, load_model
from headwinds.adapt.prediction import Predictor, make_predictor, predict
from headwinds.adapt.tasks.label_order import number_of
from headwinds.adapt.training.device import choose_predicting_device, computing_on
from headwinds.adapt.training.progress import watch
from headwinds.artifacts.interruption import raise_if_stopped
from headwinds.artifacts.sealed import read_sealed, write_sealed
from headwinds.errors import ArtifactError, MismatchError

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
) -> None:
    """Write `scores.parquet` into `output`: one row a passage of `corpus_path`, in its order.

    Every passage is scored by the model of its document's fold, which saw none of that document. Columns:
    `passage_id`, `document_id`, `fold`, `tokens`, `read_share`, then ``probability_<label>`` and ``label_<label>``; where
    the labels are the grades of a `scale`, also ``score_<scale>``, the expected grade.

    Each finished shard of 4,096 passages is kept in `scratch`; after a kill at most one shard is computed again. Batches
    are formed within a shard only, so the bytes do not depend on where a run was interrupted.

    Raises
    ------
    MismatchError
        The models disagree on their labels, or a document has no fold.
    Interrupted
        A signal came; the finished shards are kept.
    """
    models = [load_model(folder) for folder in model_folders]
    if len({model.facts.labels for model in models}) != 1:
        raise MismatchError(
            "The models of the folds do not have the same labels.", remedy="Tune them again in one run."
        )
    device = choose_predicting_device(models[0].facts.precision)
    with computing_on(device, *(model.network for model in models)):
        _score_shards(corpus_path, fold_of_document, models, output, scratch, quiet=quiet, scale=scale)


def _score_shards(
    corpus_path: Path,
    fold_of_document: Mapping[str, int],
    models: Sequence[FittedModel],
    output: Path,
    scratch: Path,
    *,
    quiet: bool,
    scale: str,
) -> None:
    import pyarrow.parquet as pq

    predictors = [
        make_predictor(m.network, m.tokenizer, max_tokens=m.facts.max_tokens, precision=m.facts.precision)
        for m in models
    ]
    scratch.mkdir(parents=True, exist_ok=True)
    total = pq.read_metadata(corpus_path).num_rows
    shards: list[Path] = []
    with watch("score passages", total, quiet=quiet) as progress:
        done, scored, started = 0, 0, time.monotonic()
        progress.update(0, "")  # from here the time is counted
        for number, batch in enumerate(_shards(corpus_path)):
            path = scratch / f"shard-{number:06d}"
            if read_sealed(path) is None:
                write_sealed(
                    path, parquet_bytes(score_shard(batch, fold_of_document, models, predictors, scale))
                )
                raise_if_stopped()
                scored += batch.num_rows
            done += batch.num_rows
            shards.append(path)
            progress.update(done, f"{scored / (time.monotonic() - started):,.0f} passages/s")
    _join(shards, output / "scores.parquet")


def _shards(path: Path) -> Iterator[pa.Table]:
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


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as the content of a Parquet file."""
    import io

    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _join(shards: Sequence[Path], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    for shard in shards:
        content = read_sealed(shard)
        if content is None:
            raise ArtifactError(
                f"{shard} changed while the run was under way.", remedy="Run the same command again."
            )
        table = pq.read_table(pa.BufferReader(content))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
