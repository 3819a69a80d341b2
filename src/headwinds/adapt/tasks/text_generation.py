"""Text generation under control: control codes say what is to be written (Keskar et al. 2019), a beginning may be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.diversity import distinct
from headwinds.adapt.tasks.cells import id_cell, labels_cell
from headwinds.adapt.tasks.contract import Column, Row
from headwinds.adapt.tasks.written import TextWriter
from headwinds.adapt.tasks.written_examples import WrittenExamples, references_cell
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOTHING = "[]"  # what is read where there is neither a code nor a beginning


def text_generation() -> TextWriter:
    """The task; whether control is kept is told by a fitted classifier, or by the choices or the grammar that were set."""
    return TextWriter(
        name="text-generation",
        summary="texts with wanted attributes, of a choice or of a grammar if that is set",
        columns=(
            Column("attributes", 'control codes: a list, or names with ";" between them', needed=False),
            Column("beginning", "what the text begins with or answers to", needed=False),
            Column("text", "the text", label=True),
        ),
        main_metric="log_probability_of_a_token",
        output="text",
        judge=judge_generated,
        reader=read_controlled,
    )


def read_controlled(rows: Sequence[Row], labelled: bool) -> WrittenExamples:
    """Rows with `attributes`, `beginning` or neither; the codes stand in brackets before the beginning.

    Raises
    ------
    DataError
        With `labelled` a text is empty; attributes are no list, a beginning is no text.
    """
    controls = tuple(labels_cell(row, "attributes") for row in rows)
    texts = []
    for row, own in zip(rows, controls, strict=True):
        codes = "".join(f"[{name}]" for name in own)
        beginning = row.values.get("beginning")
        beginning = "" if beginning is None else beginning
        if not isinstance(beginning, str):
            raise DataError(
                f"{row.place}: beginning is no text.", remedy="Write one, or leave the cell empty."
            )
        texts.append(" ".join(part for part in (codes, beginning.strip()) if part) or NOTHING)
    return WrittenExamples(
        ids=tuple(id_cell(row) for row in rows),
        places=tuple(row.place for row in rows),
        texts=tuple(texts),
        references=tuple(references_cell(row, "text") if labelled else () for row in rows),
        controls=controls,
    )


def judge_generated(
    texts: Sequence[str], examples: WrittenExamples, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """How varied the texts are together; control and perplexity are told by the task."""
    return {"distinct_1": distinct(texts, weights, 1), "distinct_2": distinct(texts, weights, 2)}
