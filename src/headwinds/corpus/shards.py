"""A corpus in shards: each a stretch of its rows under a name made of all that its content depends on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.fingerprint import fingerprint
from headwinds.contracts import Refusal
from headwinds.corpus.partitions import Cursor, Partitions, Segment
from headwinds.corpus.reading import Columns, canonical_row, whole_number
from headwinds.corpus.records import Record
from headwinds.corpus.survey import Survey

if TYPE_CHECKING:
    import pyarrow as pa

SHARD_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class Shard:
    """Rows of a corpus that are worked on together.

    Attributes
    ----------
    number, start, stop
        Its place, and its rows among all, from 0.
    segments
        Where these rows stand.
    repeated
        Those of its rows, from 0 at `start`, whose id stands before.
    key
        Equal for equal content: of the files' digests, the rows, the repeated ids and the types of the keys.
    """

    number: int
    start: int
    stop: int
    segments: tuple[Segment, ...]
    repeated: tuple[int, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What a shard holds: a table with the columns of a `Corpus`, and the rows that were refused.

    `places` says of each row of the table which row of the shard it is.
    """

    table: pa.Table
    places: tuple[tuple[str, int], ...]
    refused: tuple[Refusal, ...]


def plan_shards(
    partitions: Partitions, columns: Columns, found: Survey, *, rows: int = SHARD_ROWS
) -> list[Shard]:
    """Cut a corpus into shards of `rows` rows; where it is cut depends on their number alone."""
    import numpy as np

    shards = []
    for number, start in enumerate(range(0, partitions.rows, rows)):
        stop = min(start + rows, partitions.rows)
        segments = partitions.segments(start, stop)
        first, after = np.searchsorted(found.repeated, [start, stop])
        repeated = tuple((found.repeated[first:after] - start).tolist())
        parts = [
            [file.name, file.digest, dict(file.keys), one.start, one.stop]
            for one in segments
            for file in (partitions.files[one.file],)
        ]
        key = fingerprint(
            segments=parts,
            repeated=repeated,
            whole=sorted(found.whole),
            numbered=None if columns.passage_id else start,
        )
        shards.append(Shard(number, start, stop, segments, repeated, key))
    return shards


def read_shard(
    shard: Shard, cursor: Cursor, partitions: Partitions, columns: Columns, whole: frozenset[str]
) -> Rows:
    """The rows of a shard as `reading.read_corpus` has them: each is taken, or refused with its reason."""
    kept: list[dict[str, Any]] = []
    places: list[tuple[str, int]] = []
    refused: list[Refusal] = []
    repeated = frozenset(shard.repeated)
    for place, (file, row, values) in enumerate(_values(shard, cursor, partitions)):
        seen = _Everything() if place in repeated else ()
        taken, problem = canonical_row(Record(shard.start + place + 1, values), columns, seen)
        if problem:
            refused.append(Refusal(file, row, problem))
        else:
            kept.append(taken)
            places.append((file, row))
    return Rows(_table(kept, columns, whole), tuple(places), tuple(refused))


class _Everything:
    """Holds whatever it is asked for: the id of a repeated row stood before, whatever it is."""

    def __contains__(self, _: object) -> bool:
        return True


def _values(
    shard: Shard, cursor: Cursor, partitions: Partitions
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for segment in shard.segments:
        name = partitions.files[segment.file].name
        for row, values in enumerate(cursor.read(segment).to_pylist(), start=segment.start + 1):
            yield name, row, values


def _table(kept: list[dict[str, Any]], columns: Columns, whole: frozenset[str]) -> pa.Table:
    import pyarrow as pa

    names = ["passage_id", "document_id", "text", "weight", *(["stratum"] if columns.stratum else [])]
    made = {}
    for name in [*names, *columns.keys]:
        values = [row[name] for row in kept]
        if name == "weight":
            made[name] = pa.array(values, pa.float64())
        elif name in whole and name not in names:
            made[name] = pa.array([whole_number(value) for value in values], pa.int64())
        else:
            made[name] = pa.array(values, pa.string())
    return pa.table(made)
