"""What is in a corpus and its gold: lengths, what a model would lose of them, labels by stratum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Gold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 20
FEW_POSITIVES = 20
MANY_UNKNOWN = 0.05


@dataclass(frozen=True, slots=True)
class LengthProfile:
    """Token lengths of the passages.

    `lower`, `upper`, `passages` are the histogram; `lost_if_cut` is the share of all tokens beyond `window` in a reader
    that cuts, `beyond` the number of passages longer than it.
    """

    lower: tuple[int, ...]
    upper: tuple[int, ...]
    passages: tuple[int, ...]
    longest: int
    total: int
    window: int
    beyond: int
    lost_if_cut: float


def profile_lengths(tokens: NDArray[np.int64], *, window: int) -> LengthProfile:
    """Histogram of token counts, and what a window of `window` tokens of text would cut."""
    import numpy as np

    width = max(1, -(-int(tokens.max()) // BINS))
    # A text of control characters has no token; it stands in the first bin.
    code = np.maximum(tokens - 1, 0) // width
    counts = np.bincount(code)
    lower = tuple(
        int(index * width + 1) if index else min(1, int(tokens.min())) for index in range(len(counts))
    )
    upper = tuple(int((index + 1) * width) for index in range(len(counts)))
    lost = float(np.maximum(tokens - window, 0).sum() / max(1, tokens.sum()))
    return LengthProfile(
        lower,
        upper,
        tuple(int(n) for n in counts),
        int(tokens.max()),
        int(tokens.sum()),
        window,
        int((tokens > window).sum()),
        lost,
    )


def damaged_texts(passage_ids: Sequence[str], texts: Sequence[str]) -> tuple[Finding, ...]:
    """A warning if texts hold U+FFFD: whoever wrote the file had already lost characters, which no reader brings back."""
    damaged = [name for name, text in zip(passage_ids, texts, strict=True) if "\ufffd" in text]
    if not damaged:
        return ()
    return (
        Finding(
            "W106",
            f"Passages that hold U+FFFD where a character was lost: {len(damaged):,}, first {', '.join(damaged[:3])}.",
            "Export the file again in its own encoding.",
        ),
    )


def unread_findings(share: float, checkpoint: str) -> tuple[Finding, ...]:
    """A warning if the checkpoint's vocabulary lacks more than `MANY_UNKNOWN` of the texts' tokens, by share in [0, 1]."""
    if share <= MANY_UNKNOWN:
        return ()
    return (
        Finding(
            "W680",
            f"{share:.0%} of the tokens of the corpus are not in the vocabulary of checkpoint {checkpoint!r}: the model "
            "cannot read them.",
            "Name a checkpoint made for the language of the texts; until then the labels carry the shares.",
        ),
    )


def label_counts(gold: Gold) -> list[dict[str, object]]:
    """One row a label and stratum: gold passages read, and positives among them."""
    import numpy as np

    strata = np.asarray(gold.stratum)
    return [
        {
            "label": name,
            "stratum": str(stratum),
            "gold": int((strata == stratum).sum()),
            "positives": int(gold.labels[strata == stratum, index].sum()),
        }
        for index, name in enumerate(gold.label_names)
        for stratum in np.unique(strata)
    ]


def gold_findings(gold: Gold, corpus_strata: Sequence[str]) -> tuple[Finding, ...]:
    """Labels that are rare, and strata without gold or without a positive."""
    import numpy as np

    findings = []
    for index, name in enumerate(gold.label_names):
        positives = int(gold.labels[:, index].sum())
        if positives < FEW_POSITIVES:
            findings.append(
                Finding(
                    "W110",
                    f"Label {name} has {positives} gold {'positive' if positives == 1 else 'positives'}.",
                    "A model can hardly learn it; label more.",
                )
            )
    strata = np.asarray(gold.stratum)
    for stratum in sorted(set(corpus_strata) - set(gold.stratum)):
        findings.append(
            Finding("E110", f"Stratum {stratum!r} of the corpus has no gold.", "Label a random sample of it.")
        )
    for stratum in np.unique(strata):
        inside = gold.labels[strata == stratum]
        rare = [name for index, name in enumerate(gold.label_names) if inside[:, index].sum() == 0]
        if rare:
            findings.append(
                Finding(
                    "N111",
                    f"Gold passages of {str(stratum)!r}: {len(inside)}, of which none has {', '.join(rare)}.",
                    "Their intervals there rest on the count zero, not on a variance of zero.",
                )
            )
    if np.isnan(gold.inclusion_probability).any():
        findings.append(
            Finding(
                "W112",
                "Gold has no inclusion probabilities.",
                "A model can be tuned, but no design-based share is estimated.",
            )
        )
    return tuple(findings)
