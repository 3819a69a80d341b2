"""Score a corpus larger than memory: shard by shard to parts that are written as they come, in a folder or a store."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import encode_texts
from headwinds.adapt.fitted_model import FittedModel, load_model
from headwinds.adapt.prediction import Predictor, predictor_of
from headwinds.adapt.scoring import SHARD_PASSAGES, parquet_bytes, score_shard
from headwinds.adapt.training.device import choose_predicting_device, computing_on
from headwinds.adapt.training.progress import watch
from headwinds.artifacts.fingerprint import fingerprint
from headwinds.artifacts.interruption import raise_if_stopped
from headwinds.artifacts.parts import Part, begin, is_whole, write_part
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
class Scorer:
    """A model in memory, packed for scoring; made by `scoring_with`."""

    model: FittedModel
    predictor: Predictor
    scale: str


@contextmanager
def scoring_with(folder: Path, *, scale: str = "") -> Iterator[Scorer]:
    """Load a model on the device that it predicts on; where its labels are grades of a `scale`, say which."""
    model = load_model(folder)
    facts = model.facts
    with computing_on(choose_predicting_device(facts.precision), model.network):
        predictor = predictor_of(model)
        yield Scorer(model, predictor, scale)


def score_rows(rows: Rows, scorer: Scorer, keys: Sequence[str]) -> tuple[pa.Table, list[Refusal]]:
    """Scores of a shard's rows with their keys, and all that was refused of it; a function of its arguments alone.

    The columns are those of `scoring.score_corpus`, then the keys. Texts are scored 4,096 at a time, as `score_corpus`
    does, so that both give the same numbers where nothing is refused.
    """
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
        for key in keys:
            scored = scored.append_column(key, taken[key])
        found.append(scored)
    return pa.concat_tables(found), sorted(refused, key=lambda one: (one.file, one.row))


def score_shards(
    shards: Sequence[Shard],
    partitions: Partitions,
    columns: Columns,
    whole: frozenset[str],
    scorer: Scorer,
    base: str,
    store: Store,
    result: str,
    *,
    of_before: tuple[str, ...] = (),
    quiet: bool = False,
) -> list[Part]:
    """Write the part of every shard that is not there yet; returns all of them in order.

    Parameters
    ----------
    base
        Fingerprint of what every part depends on beside its shard: model, columns, code.
    store, result
        Where, and below which name; `of_before` are files of results of another kind there, which are taken away.

    Raises
    ------
    StorageError
        The place refuses; what was finished is kept.
    Interrupted
        A signal came; what was finished is kept.
    """
    keys = {shard.number: fingerprint(base=base, shard=shard.key) for shard in shards}
    notes = begin(store, result, keys, of_before=of_before)
    cursor = Cursor(partitions, needed_columns(columns))
    parts: list[Part] = []
    try:
        with watch("score passages", partitions.rows, quiet=quiet) as progress:
            scored, started = 0, time.monotonic()
            progress.update(0, "")  # from here the time is counted
            for shard in shards:
                note = notes.get(shard.number)
                if note is None or not is_whole(store, result, note):
                    rows = read_shard(shard, cursor, partitions, columns, whole)
                    table, refused = score_rows(rows, scorer, columns.keys)
                    note = write_part(
                        store,
                        result,
                        shard.number,
                        keys[shard.number],
                        parquet_bytes(table),
                        table.num_rows,
                        [_line(one) for one in refused],
                    )
                    scored += shard.stop - shard.start
                    raise_if_stopped()
                parts.append(note)
                progress.update(shard.stop, f"{scored / (time.monotonic() - started):,.0f} passages/s")
    finally:
        cursor.close()
    return parts


def _scores(table: pa.Table, scorer: Scorer) -> pa.Table:
    fold = dict.fromkeys(table["document_id"].to_pylist(), 0)
    return score_shard(table, fold, [scorer.model], [scorer.predictor], scorer.scale)


def _has_tokens(text: str, scorer: Scorer) -> bool:
    try:
        encode_texts(scorer.predictor.tokenizer, [text], max_tokens=scorer.predictor.max_tokens)
    except DataError:
        return False
    return True


def _line(refusal: Refusal) -> dict[str, Any]:
    return {"file": refusal.file, "row": refusal.row, "reason": refusal.reason}
