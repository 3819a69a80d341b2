"""What could make a test look better than it is: the same document, or the same text, on both sides of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.corpus.duplicates import near_duplicates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT = 1.0


def find_leakage(
    sides: Sequence[int],
    document_ids: Sequence[str],
    passage_ids: Sequence[str],
    texts: Sequence[str],
    *,
    periods: Sequence[int] | None = None,
    seed: int = 0,
) -> tuple[Finding, ...]:
    """Findings on a split; `sides` gives each passage's side (fold, or 0 for training and 1 for test).

    Of the eight kinds of leakage of Kapoor and Narayanan (2023), those that a table of texts can show are looked for: no
    split at all, duplicates across it, dependence through a shared document, and, with `periods`, a test that lies
    before what it was trained on. Leakage through features made from the whole data does not arise here: a model sees the
    text alone, and thresholds and calibration are fitted on validation. Whether the sample is the population of
    interest, only the user knows.
    """
    import numpy as np

    side = np.asarray(sides)
    findings = []
    if len(np.unique(side)) < 2:
        findings.append(
            Finding(
                "E101",
                "All passages are on one side of the split: nothing is tested.",
                "Set folds to 2 or more.",
            )
        )
    torn = _torn_documents(side, np.asarray(document_ids))
    if torn:
        findings.append(
            Finding(
                "E102",
                f"Documents that stand on both sides of a split: {len(torn)}, first {', '.join(torn[:3])}.",
                "Split by document.",
            )
        )
    pairs = [pair for pair in near_duplicates(texts, seed=seed) if side[pair[0]] != side[pair[1]]]
    exact = [pair for pair in pairs if pair[2] >= EXACT]
    near = [pair for pair in pairs if pair[2] < EXACT]
    for code, kind, members in (("W101", "the same", exact), ("W102", "nearly the same", near)):
        if members:
            shown = ", ".join(f"{passage_ids[i]} and {passage_ids[j]}" for i, j, _ in members[:3])
            findings.append(
                Finding(
                    code,
                    f"{len(members)} pairs of passages with {kind} text stand on two sides of a split: {shown}.",
                    "The test is a little too easy.",
                )
            )
    if periods is not None and len(np.unique(side)) == 2:
        time = np.asarray(periods)
        if time[side == side.min()].max() >= time[side == side.max()].min():
            findings.append(
                Finding(
                    "E103",
                    "Passages of the test are not all later than those of the training.",
                    "Split by time.",
                )
            )
    return tuple(findings)


def planted_columns(
    columns: Mapping[str, Sequence[object]], truth: NDArray[np.bool_], label_names: Sequence[str]
) -> tuple[Finding, ...]:
    """Keys that tell a label outright: every value of the key has the label always or never, and some value always.

    Such a column is the label under another name, or was made from it. Keys whose values hardly repeat are passed over.
    """
    import numpy as np

    findings = []
    for name, values in columns.items():
        _, code, counts = np.unique(
            np.asarray([str(value) for value in values]), return_inverse=True, return_counts=True
        )
        if counts.mean() < 3 or len(counts) < 2:
            continue
        for label, label_name in enumerate(label_names):
            share = np.bincount(code, weights=truth[:, label]) / counts
            if truth[:, label].sum() >= 5 and bool(np.isin(share, (0.0, 1.0)).all()):
                findings.append(
                    Finding(
                        "W103",
                        f"The key {name!r} tells the label {label_name!r} without a miss.",
                        "Was one made from the other?",
                    )
                )
    return tuple(findings)


def _torn_documents(side: NDArray[np.int64], documents: NDArray[np.str_]) -> list[str]:
    import numpy as np

    pairs = np.unique(np.column_stack([documents, side.astype(str)]), axis=0)
    names, counts = np.unique(pairs[:, 0], return_counts=True)
    return [str(name) for name in names[counts > 1]]
