"""Examples of tasks that write: what is read, what should be written, and how likely a model holds that to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.tasks.cells import id_cell, list_cell, text_cell
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.tasks.contract import Row


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class WrittenExamples:
    """Texts and references.

    Attributes
    ----------
    texts
        What is read.
    references
        Texts that would be right, the first of which is learnt; none where they are not known.
    turns
        Of a dialogue: the turns before the last one of the assistant.
    controls
        Of controlled generation: the control codes of each example.
    likelihood
        Shape (examples, 2): log-probability of the first reference by a model, and its tokens; None before it is known.
    """

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]
    turns: tuple[tuple[Turn, ...], ...] = ()
    controls: tuple[tuple[str, ...], ...] = ()
    likelihood: NDArray[np.float64] | None = None

    @property
    def given(self) -> tuple[tuple[str, ...], ...]:
        """The control codes, where others have labels."""
        return self.controls

    def firsts(self) -> list[str] | None:
        """The references that are learnt; None where any example has none."""
        return [own[0] for own in self.references] if self.references and all(self.references) else None


def read_source_and_target(rows: Sequence[Row], target: str, *, labelled: bool) -> WrittenExamples:
    """Rows with a column `text` and a column `target`, which holds a text or a list of texts that would all be right.

    Raises
    ------
    DataError
        A text or, with `labelled`, a target is missing or empty.
    """
    return WrittenExamples(
        ids=tuple(id_cell(row) for row in rows),
        places=tuple(row.place for row in rows),
        texts=tuple(text_cell(row, "text") for row in rows),
        references=tuple(references_cell(row, target) if labelled else () for row in rows),
    )


def references_cell(row: Row, column: str) -> tuple[str, ...]:
    """A text, or a list of several, none of them empty.

    Raises
    ------
    DataError
        It is not.
    """
    value = row.values.get(column)
    if isinstance(value, str) and not value.lstrip().startswith("["):
        several = [value]
    elif isinstance(value, str):
        try:
            several = list_cell(row, column)
        except DataError:  # a text may begin with a bracket
            several = [value]
    else:
        several = list_cell(row, column)
    found = tuple(str(item) for item in several)
    if not found or not all(item.strip() for item in found):
        raise DataError(f"{row.place}: {column} is empty.", remedy="Write one, or leave the row out.")
    return found
