"""Splits: by document, even in labels and strata, the same for the same passages in any order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.corpus.splits import assign_folds, fold_of_documents
from headwinds.errors import DataError


def passages(seed: int, documents: int = 60) -> tuple[list[str], np.ndarray, list[str]]:
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 9, size=documents)
    owner = [f"d{document}" for document, size in enumerate(sizes) for _ in range(size)]
    labels = generator.random((len(owner), 3)) < [0.4, 0.2, 0.08]
    strata = [
        str(name)
        for name in generator.choice(["none", "broad", "strict"], size=len(owner), p=[0.5, 0.3, 0.2])
    ]
    return owner, labels, strata


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), folds=st.integers(2, 8))
def test_no_document_stands_in_two_folds_and_no_fold_is_empty(seed, folds):
    owner, labels, strata = passages(seed)
    fold = assign_folds(owner, labels, strata, folds=folds, seed=seed)
    assert all(len(set(fold[np.array(owner) == name])) == 1 for name in set(owner))
    assert set(fold) == set(range(folds))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing_and_neither_does_asking_again(seed):
    owner, labels, strata = passages(seed)
    fold = assign_folds(owner, labels, strata, folds=5, seed=1)
    order = np.random.default_rng(seed).permutation(len(owner))
    shuffled = assign_folds(
        [owner[row] for row in order], labels[order], [strata[row] for row in order], folds=5, seed=1
    )
    assert (shuffled == fold[order]).all()


def test_another_seed_gives_another_split():
    owner, labels, strata = passages(0)
    first, second = (assign_folds(owner, labels, strata, folds=5, seed=seed) for seed in (1, 2))
    assert (first != second).any()


def test_labels_and_strata_are_spread_more_evenly_than_by_chance():
    spreads = []
    for seed in range(20):
        owner, labels, strata = passages(seed)
        names, code = np.unique(owner, return_inverse=True)
        by_chance = np.random.default_rng(seed).permutation(np.arange(len(names)) % 5)[code]
        amounts = np.column_stack(
            [labels, *(np.array(strata) == name for name in ("none", "broad", "strict"))]
        )

        def spread(fold, amounts=amounts):
            counts = np.array([amounts[fold == number].sum(axis=0) for number in range(5)])
            return (counts.std(axis=0) / counts.mean(axis=0)).mean()

        spreads.append(spread(assign_folds(owner, labels, strata, folds=5, seed=seed)) / spread(by_chance))
    assert np.mean(spreads) < 0.5, spreads


def test_more_folds_than_documents_is_refused():
    with pytest.raises(DataError, match="Labelled documents: 3, which cannot be cut into 5 folds"):
        assign_folds(["a", "b", "c"], np.zeros((3, 1), dtype=bool), ["x"] * 3, folds=5, seed=0)


def test_a_document_without_gold_gets_a_fold_by_its_name_alone():
    names = [f"d{number}" for number in range(2000)]
    first = fold_of_documents(names, ["d1"], [4], folds=5, seed=0)
    second = fold_of_documents([*reversed(names), "new"], ["d1"], [4], folds=5, seed=0)
    assert first["d1"] == 4
    assert all(second[name] == first[name] for name in names)
    counts = np.bincount(list(first.values()), minlength=5)
    assert (np.abs(counts - 400) < 4 * np.sqrt(2000 * 0.2 * 0.8)).all()
