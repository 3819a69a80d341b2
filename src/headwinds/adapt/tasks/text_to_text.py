"""Text to text: whatever can be put as a text that is read and a text that is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.adapt.tasks.contract import Column
from headwinds.adapt.tasks.translation import judge_translations
from headwinds.adapt.tasks.written import TextWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.tasks.written_examples import WrittenExamples


def text_to_text() -> TextWriter:
    """The task (Raffel et al. 2020)."""
    return TextWriter(
        name="text-to-text",
        summary="a text is read, a text is written: whatever can be put so",
        columns=(
            Column("text", "what is read"),
            Column(
                "target", "what is to be written: a text, or a list of several that are right", label=True
            ),
        ),
        main_metric="chrf",
        output="target",
        judge=judge_texts,
    )


def judge_texts(
    texts: Sequence[str], examples: WrittenExamples, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """The share that is a reference word for word, chrF and sacreBLEU."""
    import numpy as np

    same = [
        " ".join(text.split()) in {" ".join(one.split()) for one in references}
        for text, references in zip(texts, examples.references, strict=True)
    ]
    return {
        "exact_match": weights @ np.array(same, dtype=float) / weights.sum(axis=1),
        **judge_translations(texts, examples, weights),
    }
