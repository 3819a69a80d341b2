"""Splits by document: no document on two sides, labels and sampling strata spread evenly."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def assign_folds(
    document_ids: Sequence[str], labels: NDArray[np.bool_], strata: Sequence[str], *, folds: int, seed: int
) -> NDArray[np.int64]:
    """Give every passage the fold of its document.

    Documents are dealt out one by one, those with most labels first, each to the fold that is furthest below its share
    of what the document holds (iterative stratification, Sechidis, Tsoumakas, Vlahavas 2011, by group). `labels` has
    shape (passages, labels). The result is a function of its arguments alone.

    Raises
    ------
    DataError
        There are fewer documents than folds.
    """
    import numpy as np

    names, owner = np.unique(np.asarray(document_ids), return_inverse=True)
    if len(names) < folds:
        raise DataError(
            f"Labelled documents: {len(names)}, which cannot be cut into {folds} folds.",
            remedy="Lower folds, or label more documents.",
        )
    amounts = np.zeros((len(names), labels.shape[1] + 1 + len(set(strata))))
    indicator = np.asarray(strata)[:, None] == np.unique(np.asarray(strata))[None, :]
    features = np.column_stack([labels.astype(float), np.ones(len(owner)), indicator.astype(float)])
    np.add.at(amounts, owner, features)
    share = amounts / np.maximum(amounts.sum(axis=0), 1.0)
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(names))
    order = shuffled[np.argsort(-share[shuffled, : labels.shape[1]].sum(axis=1), kind="stable")]
    filled = np.zeros((folds, amounts.shape[1]))
    fold_of_document = np.empty(len(names), dtype=np.int64)
    for document in order:
        # How full each fold would be in what this document holds; equal loads go to the lower number.
        load = ((filled + share[document]) * (share[document] > 0)).sum(axis=1)
        chosen = int(np.argmin(load))
        filled[chosen] += share[document]
        fold_of_document[document] = chosen
    return fold_of_document[owner]


def fold_of_documents(
    document_ids: Sequence[str],
    gold_documents: Sequence[str],
    gold_folds: Sequence[int],
    *,
    folds: int,
    seed: int,
) -> dict[str, int]:
    """The fold of every document of a corpus: that of its gold where it has some, else by a hash of its id."""
    known = dict(zip(gold_documents, (int(fold) for fold in gold_folds), strict=True))
    return {name: known.get(name, _hashed_fold(name, folds, seed)) for name in dict.fromkeys(document_ids)}


def _hashed_fold(name: str, folds: int, seed: int) -> int:
    digest = hashlib.sha256(f"{seed}\x1f{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % folds
