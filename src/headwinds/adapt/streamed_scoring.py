"""Score a corpus larger than memory: shard by shard to parts that are written as they come, in a folder or a store.

This process reads the corpus and writes the parts; workers score, here or on a cluster. Reading goes at tens of thousands
of passages a second, so that it keeps up with some hundred workers and an encoder of the usual size.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import encode_texts
from headwinds.adapt.fitted_model import FittedModel, load_model, read_facts
from headwinds.adapt.prediction import Predictor, predictor_of
from headwinds.adapt.scoring import (
    SHARD_PASSAGES,
    one_process_on_a_gpu,
    parquet_bytes,
    score_shard,
    stream_bytes,
)
from headwinds.adapt.training.device import choose_predicting_device
from headwinds.adapt.training.progress import watch
from headwinds.artifacts.fingerprint import fingerprint
from headwinds.artifacts.parts import Part, begin, is_whole, write_part
from headwinds.artifacts.sealed import forget_sealed
from headwinds.compute import work as compute_work
from headwinds.compute.likeness import NUMERICAL
from headwinds.compute.running import run_shards
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.telling import Tell, tell_nobody
from headwinds.contracts import Refusal
from headwinds.corpus.partitions import Cursor, Partitions
from headwinds.corpus.reading import Columns
from headwinds.corpus.shards import Rows, Shard, read_shard
from headwinds.corpus.survey import needed_columns
from headwinds.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from headwinds.artifacts.stores import Store

UNREAD = "the text yields no token with this model's tokenizer"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the parts of a result are written.

    Attributes
    ----------
    store, result
        The place, and the name below it.
    base
        Fingerprint of what every part depends on beside its shard: model, columns, code.
    of_before
        Files of results of another kind there, which are taken away.
    """

    store: Store
    result: str
    base: str
    of_before: tuple[str, ...] = ()


def score_shards(
    shards: Sequence[Shard],
    partitions: Partitions,
    columns: Columns,
    whole: frozenset[str],
    model: Path,
    destination: Destination,
    scratch: Path,
    *,
    scale: str = "",
    quiet: bool = False,
    compute: ComputeSettings | None = None,
    tell: Tell = tell_nobody,
) -> list[Part]:
    """Write the part of every shard that is not there yet; returns all of them in order.

    The columns of a part are those of `scoring.score_corpus`, then the keys. Its bytes do not depend on `compute`. In
    memory are two shards a worker, and in `scratch` so many scores at most.

    Raises
    ------
    CheckpointError
        `model` is no fitted model, or was changed.
    StorageError
        The place refuses; what was finished is kept.
    ComputeError, Interrupted
        See `headwinds.compute.running.run_shards`; what was finished is kept.
    """
    store, result = destination.store, destination.result
    keys = {shard.number: fingerprint(base=destination.base, shard=shard.key) for shard in shards}
    notes = begin(store, result, keys, of_before=destination.of_before)
    parts = {number: note for number, note in notes.items() if is_whole(store, result, note)}
    missing = [shard for shard in shards if shard.number not in parts]
    cursor = Cursor(partitions, needed_columns(columns))
    content = (
        compute_work.Shard(
            shard.number,
            _to_bytes(read_shard(shard, cursor, partitions, columns, whole)),
            keys[shard.number],
            shard.stop - shard.start,
        )
        for shard in missing
    )
    work = compute_work.Work(_prepare, _do, (scale, columns.keys), (model,), NUMERICAL)
    places = one_process_on_a_gpu(compute or ComputeSettings(), read_facts(model))
    try:
        with watch("score passages", partitions.rows, quiet=quiet) as progress:
            before = done = partitions.rows - sum(shard.stop - shard.start for shard in missing)
            started = time.monotonic()
            progress.update(done, "")  # from here the time is counted
            for one in run_shards(work, content, scratch, places, expected=len(missing), tell=tell):
                parts[one.number] = _keep(one, keys[one.number], destination)
                done += one.size
                progress.update(done, f"{(done - before) / (time.monotonic() - started):,.0f} passages/s")
    finally:
        cursor.close()
    return [parts[shard.number] for shard in shards]


def _keep(one: compute_work.Finished, key: str, destination: Destination) -> Part:
    head, _, table = compute_work.result_of(one).partition(b"\n")
    facts = json.loads(head)
    part = write_part(
        destination.store, destination.result, one.number, key, table, facts["rows"], facts["refused"]
    )
    forget_sealed(one.path)
    return part


@dataclass(frozen=True, slots=True)
class _Scorer:
    """What a worker holds: the model, packed, and which keys go along."""

    model: FittedModel
    predictor: Predictor
    scale: str
    keys: tuple[str, ...]


def _prepare(places: tuple[Path, ...], given: tuple[str, tuple[str, ...]]) -> _Scorer:
    model = load_model(places[0])
    model.network.to(choose_predicting_device(model.facts.precision))
    return _Scorer(model, predictor_of(model), *given)


def _do(scorer: _Scorer, content: bytes) -> bytes:
    """A line of JSON with what was refused, then the part's Parquet."""
    table, refused = _score(_to_rows(content), scorer)
    lines = [{"file": one.file, "row": one.row, "reason": one.reason} for one in refused]
    head = json.dumps({"rows": table.num_rows, "refused": lines}, ensure_ascii=False)
    return head.encode("utf-8") + b"\n" + parquet_bytes(table)


def _to_bytes(rows: Rows) -> bytes:
    """A table as an Arrow stream, with where its rows stood and what was refused in the schema's metadata."""
    beside: Mapping[str, Any] = {
        "places": rows.places,
        "refused": [[one.file, one.row, one.reason] for one in rows.refused],
    }
    table = rows.table.replace_schema_metadata({"headwinds": json.dumps(beside)})
    return stream_bytes(table)


def _to_rows(content: bytes) -> Rows:
    import pyarrow as pa

    with pa.ipc.open_stream(content) as reader:
        table = reader.read_all()
    beside = json.loads(table.schema.metadata[b"headwinds"])
    return Rows(
        table.replace_schema_metadata(None),
        tuple((file, row) for file, row in beside["places"]),
        tuple(Refusal(*one) for one in beside["refused"]),
    )


def _score(rows: Rows, scorer: _Scorer) -> tuple[pa.Table, list[Refusal]]:
    """Texts are scored 4,096 at a time, as `score_corpus` does: the same numbers where nothing is refused."""
    import pyarrow as pa

    refused = list(rows.refused)
    found = []
    for start in range(0, max(rows.table.num_rows, 1), SHARD_PASSAGES):
        taken = rows.table.slice(start, SHARD_PASSAGES)
        try:
            scored = _scores(taken, scorer)
        except DataError:
            texts = taken["text"].to_pylist()
            good = [_has_tokens(text, scorer) for text in texts]
            if all(good):
                raise
            places = rows.places[start : start + len(good)]
            refused += [Refusal(*place, UNREAD) for place, has in zip(places, good, strict=True) if not has]
            taken = taken.filter(pa.array(good))
            scored = _scores(taken, scorer)
        for key in scorer.keys:
            scored = scored.append_column(key, taken[key])
        found.append(scored)
    return pa.concat_tables(found), sorted(refused, key=lambda one: (one.file, one.row))


def _scores(table: pa.Table, scorer: _Scorer) -> pa.Table:
    fold = dict.fromkeys(table["document_id"].to_pylist(), 0)
    return score_shard(table, fold, [scorer.model], [scorer.predictor], scorer.scale)


def _has_tokens(text: str, scorer: _Scorer) -> bool:
    try:
        encode_texts(scorer.predictor.tokenizer, [text], max_tokens=scorer.predictor.max_tokens)
    except DataError:
        return False
    return True
