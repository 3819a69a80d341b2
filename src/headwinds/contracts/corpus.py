"""Documents as they cross borders: a table of passages, and the ledger of how it was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and why. Rows read are always rows kept plus refusals."""

    file: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Passages in memory, one a row.

    Attributes
    ----------
    table
        Columns `passage_id` (string, unique), `document_id` (string), `text` (string, never empty), `weight` (double:
        the number of passages of the population that this one stands for; 1 where nothing was sampled), then the
        study's keys (`country`, `year`, ...) and, where the corpus was sampled or screened, `stratum`.
    keys
        The names of the key columns, in the study's order.
    rows_in
        Rows found in the source: `table.num_rows + len(refused)`.
    refused
        The rows that were not taken; empty unless the reader was told to go on past bad rows.
    source
        The path that was read, as given.
    encoding
        The encoding in which the text was read.
    """

    table: pa.Table
    keys: tuple[str, ...]
    rows_in: int
    refused: tuple[Refusal, ...] = ()
    source: str = ""
    encoding: str = "utf-8"

    def __len__(self) -> int:
        return int(self.table.num_rows)
