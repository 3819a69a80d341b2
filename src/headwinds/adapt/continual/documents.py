"""Which rows of a watch are of one document: known of both sides, or said to be unknown; and how many of each are compared.

Passages of one document resemble each other, so that a test which takes them for independent raises too often: documents
change sides whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.sides import groups_of
from headwinds.contracts import Finding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.tasks.contract import Row

COLUMN = "document_id"
"""What the column is called where none is named, as in scores and gold."""
ALIKE = 1.1
"""Documents of both sides are of like size if their mean size and mean squared size differ by no more than this factor."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The document of each row.

    Attributes
    ----------
    column
        Where it stands; "" where every row counts for itself.
    reference, live
        Its name, a row each; no name is of both sides.
    asked
        Whether a column, or none, was named.
    findings
        What is not known.
    """

    column: str
    reference: tuple[str, ...]
    live: tuple[str, ...]
    asked: bool
    findings: tuple[Finding, ...] = ()


def documents_of(
    live: Sequence[Row], reference: Sequence[Row], column: str | None, *, is_kept: bool
) -> Documents:
    """The documents of both sides.

    Parameters
    ----------
    column
        As it was named; "" takes every row for itself, None looks for `COLUMN`.
    is_kept
        Whether the reference is what a model keeps, which nobody can fill afterwards: its rows without a document count for
        themselves.

    Raises
    ------
    DataError
        A named column is not in a file, or empty in a row.
    """
    name = COLUMN if column is None else column
    if column is None and not any(_value(row, name) for row in (*reference, *live)):
        name = ""
    known = _of_rows(reference, name, is_strict=bool(column) and not is_kept)
    met = _of_rows(live, name, is_strict=bool(column))
    findings = [
        _unknown(side, alone, len(rows), name)
        for side, rows, (_, alone) in (("reference", reference, known), ("live", live, met))
        if alone
    ]
    return Documents(
        name,
        tuple(f"reference {one}" for one in known[0]),
        tuple(f"live {one}" for one in met[0]),
        column is not None,
        tuple(findings),
    )


def _of_rows(rows: Sequence[Row], column: str, *, is_strict: bool) -> tuple[tuple[str, ...], int]:
    """The document of each row, one of its own where none is said; and how many those are."""
    if is_strict or not column:
        return groups_of(rows, column), 0
    values = [_value(row, column) for row in rows]
    names = tuple(f"of {value}" if value else f"row {number}" for number, value in enumerate(values))
    return names, values.count("")


def _value(row: Row, column: str) -> str:
    value = row.values.get(column)
    return "" if value is None else str(value)


def _unknown(side: str, without: int, count: int, column: str) -> Finding:
    if side == "live":
        return Finding(
            "W248",
            f"Live rows without {column}: {without:,} of {count:,}; each counted as a document of its own, and if several "
            "are of one, a shift is shown too often.",
            f"Fill {column}.",
        )
    return Finding(
        "W248",
        f"Reference rows without {column}: {without:,} of {count:,}; each counted as a document of its own, and if several "
        "are of one, a shift is shown too often.",
        f"Name a reference that has {column}: --reference FILE.",
    )


def alarm_without_documents() -> Finding:
    """What to weigh of an alarm where no column says which rows are of one document."""
    return Finding(
        "W249",
        "Every row counted as a document of its own: if several are of one, as passages are, this alarm may be false.",
        "Name the column that says which: --group COLUMN.",
    )


def compared_rows(documents: Sequence[str], is_live: NDArray[np.bool_], *, seed: int) -> NDArray[np.bool_]:
    """Which rows are compared: of each document at most so many, by chance, that documents of both sides are of like size.

    Documents that change sides stand for each other, and one of a single row does not stand for one of ten: its mean varies
    more, and where one side has the long ones a test raises too often. Sizes decide how many, and nothing that the rows say.
    One row of each document is always possible.

    Parameters
    ----------
    documents
        Of each row.
    is_live
        Shape (rows,): the side of each row; all rows of a document are on one side.
    """
    import numpy as np

    _, first, owner, sizes = np.unique(
        np.asarray(documents), return_index=True, return_inverse=True, return_counts=True
    )
    live = is_live[first]
    most = int(sizes.max())
    while most > 1 and not _of_like_size(np.minimum(sizes, most), live):
        most -= 1
    order = np.random.default_rng(seed).permutation(len(owner))
    by_document = order[np.argsort(owner[order], kind="stable")]
    place = np.empty(len(owner), dtype=np.int64)
    place[by_document] = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.asarray(place < most)


def _of_like_size(sizes: NDArray[np.int64], live: NDArray[np.bool_]) -> bool:
    ratios = [(sizes[live] ** power).mean() / (sizes[~live] ** power).mean() for power in (1, 2)]
    return all(1 / ALIKE <= ratio <= ALIKE for ratio in ratios)
