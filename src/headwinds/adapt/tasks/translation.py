"""Translation: a text in one language, written in another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.translation import (
    bleu,
    bleu_counts,
    chrf,
    chrf_counts,
    suitable_tokenizer,
)
from headwinds.adapt.tasks.contract import Column
from headwinds.adapt.tasks.written import TextWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.tasks.written_examples import WrittenExamples


def translation() -> TextWriter:
    """The task; a checkpoint that asks for an instruction gets it in the text."""
    return TextWriter(
        name="translation",
        summary="a text, written in another language",
        columns=(
            Column("text", "the text to be translated"),
            Column("translation", "the translation: a text, or a list of several that are right", label=True),
        ),
        main_metric="sacrebleu",
        output="translation",
        judge=judge_translations,
    )


def judge_translations(
    texts: Sequence[str], examples: WrittenExamples, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """SacreBLEU and chrF, 0 to 100, with sacreBLEU's tokenizer for the language of the references."""
    counts = bleu_counts(texts, examples.references, tokenizer=suitable_tokenizer(examples.references))
    return {
        "sacrebleu": bleu(counts, weights),
        "chrf": chrf(chrf_counts(texts, examples.references), weights),
    }
