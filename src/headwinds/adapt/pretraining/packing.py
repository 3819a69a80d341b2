"""Documents in rows of one length: no padding, and no token that sees another document.

A document is cut into pieces that fill rows; what is left of many documents shares rows, and each token is marked with the
piece it belongs to, so that attention stays inside it. Which rows make up a step is a function of the seed and the step
alone: a run that goes on needs no memory of what it has read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.pretraining.token_store import Documents, TokenStore


@dataclass(frozen=True, slots=True)
class Layout:
    """How documents are laid out: row length, and the tokens before and after each piece, None for none.

    With `before` and `after` (encoders) each piece is a text of its own. With `after` alone (models that write) it ends
    a document, and a document is cut where a row ends. With neither, documents follow each other.
    """

    length: int
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Packed rows, all of shape (rows, length).

    Attributes
    ----------
    tokens
        Token numbers.
    pieces
        Number of the piece that each token belongs to.
    positions
        Place of each token in the part of its piece that the row holds.
    documents
        Number of the document that each token is of.
    special
        Whether the token stands before or after a text and is of none.
    """

    tokens: NDArray[np.int32]
    pieces: NDArray[np.int32]
    positions: NDArray[np.int32]
    documents: NDArray[np.int32]
    special: NDArray[np.bool_]

    def take(self, rows: NDArray[np.int64] | slice) -> Rows:
        """Some of the rows."""
        return Rows(
            self.tokens[rows],
            self.pieces[rows],
            self.positions[rows],
            self.documents[rows],
            self.special[rows],
        )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.tokens)


def pack(documents: Documents, order: NDArray[np.int64], layout: Layout) -> Rows:
    """The documents in rows, those of `order` in that order, pieces that fill a row first.

    Where the last row is not full it is filled with what came before it: some tokens are then there twice, none is left
    out.
    """
    import numpy as np

    owner, start, size = _pieces(documents, order, layout)
    extra = (layout.before is not None) + (layout.after is not None)
    full = size + extra == layout.length
    sorted_ = np.concatenate([np.flatnonzero(full), np.flatnonzero(~full)])
    owner, start, size = owner[sorted_], start[sorted_], size[sorted_]
    wrapped = size + extra
    total = int(wrapped.sum())
    piece = np.repeat(np.arange(len(size)), wrapped)
    offset = np.concatenate([[0], np.cumsum(wrapped)[:-1]]).astype(np.int64)
    within = np.arange(total) - offset[piece]
    lead = int(layout.before is not None)
    place = np.clip(start[piece] + within - lead, 0, max(len(documents.tokens) - 1, 0))
    tokens = np.asarray(documents.tokens[place], dtype=np.int32)
    special = np.zeros(total, dtype=bool)
    if layout.before is not None:
        tokens[offset] = layout.before
        special[offset] = True
    if layout.after is not None:
        last = offset + wrapped - 1
        tokens[last] = layout.after
        special[last] = True
    keep = _filled(total, layout.length)
    shape = (-1, layout.length)
    # A text that is repeated to fill its only row does not see itself.
    repeated = np.arange(len(keep)) // max(total, 1) if total < layout.length else 0
    pieces = (piece[keep] + repeated * len(size)).astype(np.int32).reshape(shape)
    return Rows(
        tokens[keep].reshape(shape),
        pieces,
        piece_positions(pieces),
        owner[piece[keep]].astype(np.int32).reshape(shape),
        special[keep].reshape(shape),
    )


def row_count(lengths: NDArray[np.int64], layout: Layout) -> int:
    """Rows that documents of these lengths make, in whatever order."""
    import numpy as np

    if not len(lengths):
        return 0
    if layout.before is None:
        total = int(lengths.sum()) + len(lengths) * (layout.after is not None)
    else:
        body = layout.length - 2
        total = int((lengths + 2 * np.ceil(lengths / body)).sum())
    return -(-total // layout.length)


class RowStream:
    """Rows without end, epoch after epoch, each in an order of its own that the seed decides; any step can be asked for."""

    def __init__(self, store: TokenStore, layout: Layout, *, rows_a_step: int, seed: int) -> None:
        import numpy as np

        self.store, self.layout, self.rows_a_step, self.seed = store, layout, rows_a_step, seed
        self.counts = np.array(
            [row_count(store.lengths(shard), layout) for shard in range(len(store.folders))]
        )
        self.rows = int(self.counts.sum())
        if not self.rows:
            raise DataError("No text is left to train on.", remedy="Name more text.")
        self._shard: tuple[tuple[int, int], Rows] | None = None

    def step(self, step: int) -> Rows:
        """The rows of a step (1-based)."""
        import numpy as np

        first = (step - 1) * self.rows_a_step
        parts: list[Rows] = []
        missing = self.rows_a_step
        while missing:
            epoch, within = divmod(first + self.rows_a_step - missing, self.rows)
            order = np.random.default_rng(derive_seed(self.seed, "shards", epoch)).permutation(
                len(self.counts)
            )
            ends = np.cumsum(self.counts[order])
            number = int(np.searchsorted(ends, within, side="right"))
            begin = within - (int(ends[number - 1]) if number else 0)
            rows = self._packed(epoch, int(order[number]))
            part = rows.take(slice(begin, begin + missing))
            parts.append(part)
            missing -= len(part)
        return _joined(parts)

    def _packed(self, epoch: int, shard: int) -> Rows:
        import numpy as np

        if self._shard is not None and self._shard[0] == (epoch, shard):
            return self._shard[1]
        self._shard = None  # the old one is let go before the new one is made
        generator = np.random.default_rng(derive_seed(self.seed, "rows", epoch, shard))
        documents = self.store.training(shard)
        rows = pack(documents, generator.permutation(len(documents)), self.layout)
        rows = rows.take(generator.permutation(len(rows)))
        self._shard = ((epoch, shard), rows)
        return rows


def _pieces(
    documents: Documents, order: NDArray[np.int64], layout: Layout
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each piece its document, where it starts, and its tokens without special ones."""
    import numpy as np

    starts, ends = documents.starts[:-1][order], documents.starts[1:][order]
    if layout.before is None:
        return order, starts, ends - starts
    body = layout.length - 2
    number = -(-(ends - starts) // body)
    owner = np.repeat(np.arange(len(order)), number)
    first = np.concatenate([[0], np.cumsum(number)[:-1]]).astype(np.int64)
    begin = starts[owner] + (np.arange(len(owner)) - first[owner]) * body
    return order[owner], begin, np.minimum(ends[owner] - begin, body)


def _filled(total: int, length: int) -> NDArray[np.int64]:
    """Which of `total` tokens in a row stand in rows of `length`."""
    import numpy as np

    if total < length:
        return np.resize(np.arange(total), length)
    whole = total // length * length
    keep = np.arange(whole)
    return keep if whole == total else np.concatenate([keep, np.arange(total - length, total)])


def piece_begins(pieces: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Where a piece, or the part of it that a row holds, begins; shape (rows, length)."""
    import numpy as np

    begins = np.ones(pieces.shape, dtype=bool)
    begins[:, 1:] = pieces[:, 1:] != pieces[:, :-1]
    return begins


def piece_positions(pieces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Place of each token in the part of its piece that the row holds, shape (rows, length)."""
    import numpy as np

    columns = np.arange(pieces.shape[1])
    latest = np.maximum.accumulate(np.where(piece_begins(pieces), columns, 0), axis=1)
    positions: NDArray[np.int32] = (columns - latest).astype(np.int32)
    return positions


def _joined(parts: list[Rows]) -> Rows:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    names = ("tokens", "pieces", "positions", "documents", "special")
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
