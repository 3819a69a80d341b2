"""Abstractive summarisation: a document, told in a few sentences of the model's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.rouge import rouge
from headwinds.adapt.tasks.contract import Column
from headwinds.adapt.tasks.sentences import split_sentences
from headwinds.adapt.tasks.written import TextWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.tasks.written_examples import WrittenExamples

FIRST = 3
ROUGES = ("rouge_1", "rouge_2", "rouge_l")


def summarisation() -> TextWriter:
    """The task; `extractive-summarisation` chooses sentences instead, and needs an encoder alone."""
    return TextWriter(
        name="summarisation",
        summary="a document, told in a few sentences of the model's own",
        columns=(
            Column("text", "the document"),
            Column("summary", "the reference: a text, or a list of several", label=True),
        ),
        main_metric="rouge_1",
        output="summary",
        judge=judge_summaries,
    )


def judge_summaries(
    texts: Sequence[str], examples: WrittenExamples, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """ROUGE-1, ROUGE-2 and ROUGE-L of the summaries, and of the first three sentences of each document."""
    import numpy as np

    total = weights.sum(axis=1)
    found = {}
    for given, suffix in ((texts, ""), ([_first(text) for text in examples.texts], "_of_first_sentences")):
        scores = np.array(
            [rouge(one, references) for one, references in zip(given, examples.references, strict=True)]
        )
        for number, name in enumerate(ROUGES):
            found[name + suffix] = weights @ scores[:, number] / total
    found["gain_over_first_sentences"] = found["rouge_1"] - found["rouge_1_of_first_sentences"]
    return found


def _first(text: str) -> str:
    return " ".join(text[start:end] for start, end in split_sentences(text)[:FIRST])
