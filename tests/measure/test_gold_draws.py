"""Whether gold was read passage by passage or document by document, at any rate, and what its intervals are worth."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.measure.cells import make_cells
from headwinds.measure.estimators.labelled_only import estimate as labelled_only
from headwinds.measure.frame import Frame, make_frame
from headwinds.measure.gold_draws import gold_draws

TENS = np.full(300, 10)
ONES_AND_TWOS = np.arange(600) % 2 + 1
LONG_TAILED = np.ceil(300 / np.arange(1, 401)).astype(int)


def make(document, read, probability, *, truth=None, strata=None, weight=None) -> Frame:
    """A frame in which `read` (passages,) says what was read."""
    rows = np.flatnonzero(read)
    count = len(document)
    truth = np.arange(count) % 3 == 0 if truth is None else truth
    return make_frame(
        document_ids=document,
        strata=np.full(count, "all") if strata is None else strata,
        keys={},
        weight=np.ones(count) if weight is None else weight,
        probability=np.full((count, 1), 0.4),
        label=np.zeros((count, 1), dtype=bool),
        gold_rows=rows,
        gold_labels=truth[rows][:, None],
        inclusion_probability=np.broadcast_to(probability, count)[rows],
        label_names=("tech",),
    )


def whole(rng, document, rate):
    """Every passage of a share of the documents."""
    documents = int(document.max()) + 1
    return np.isin(document, rng.permutation(documents)[: round(rate * documents)])


def singly(rng, passages, rate):
    return rng.permutation(passages) < rate * passages


@pytest.mark.parametrize("rate", [0.1, 0.35, 0.6, 0.9])
@pytest.mark.parametrize("sizes", [TENS, ONES_AND_TWOS, LONG_TAILED], ids=["tens", "twos", "tailed"])
def test_documents_read_whole_are_recognised_at_any_rate_and_passages_read_singly_are_not(sizes, rate):
    document = np.repeat(np.arange(len(sizes)), sizes)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        draws, together = gold_draws(make(document, read := whole(rng, document, rate), rate))
        assert together
        assert len(np.unique(draws)) == len(np.unique(document[read]))
        assert not gold_draws(make(document, singly(rng, len(document), rate), rate))[1]


def test_documents_read_in_part_and_documents_among_single_passages_count_as_draws():
    rng = np.random.default_rng(1)
    document = np.repeat(np.arange(300), 10)
    half = whole(rng, document, 0.7) & (rng.random(3000) < 0.5)
    assert gold_draws(make(document, half, 0.35))[1]
    mixed = whole(rng, document, 0.3) | singly(rng, 3000, 0.2)
    assert gold_draws(make(document, mixed, mixed.mean()))[1]
    assert not gold_draws(make(document, np.ones(3000, dtype=bool), 1.0))[1]


def test_passages_drawn_with_unequal_probabilities_are_still_drawn_one_by_one():
    """By strata that documents fall into, by a chance of the document's own, and from a first sample that was unequal."""
    document = np.repeat(np.arange(300), 10)
    found = np.zeros(3)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        kind = (rng.random(300)[document] + 0.3 * rng.random(3000) > 0.9).astype(int)
        chance = np.array([0.05, 0.7])[kind]
        by_strata = make(
            document, rng.random(3000) < chance, chance, strata=np.array(["none", "screen"])[kind]
        )
        own = np.clip(0.2 * np.exp(0.7 * rng.standard_normal(300)), 0.02, 1.0)[document]
        weight = 1 + 9 * rng.random(300)[document]
        second = make(document, singly(rng, 3000, 0.3), 0.3 / weight, weight=weight)
        frames = (by_strata, make(document, rng.random(3000) < own, own), second)
        found += [gold_draws(frame)[1] for frame in frames]
    assert found.max() <= 1


def test_intervals_cover_where_most_documents_were_read_whole():
    """Counted passage by passage, as such gold was, they covered 47 of these 60."""
    document = np.repeat(np.arange(300), 10)
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = rng.random(3000) < rng.beta(1, 2, 300)[document]
        frame = make(document, whole(rng, document, 0.6), 0.6, truth=truth)
        result = labelled_only(frame, make_cells(frame, ()))
        covered += bool(result.lower[0] <= truth.mean() <= result.upper[0])
    assert covered >= 54


def test_probabilities_by_which_gold_stands_for_far_other_passages_than_there_are_are_said():
    """A fifth was read; probabilities of four fifths would take most of it for certain to be read, and halve the width."""
    rng = np.random.default_rng(3)
    document = np.repeat(np.arange(300), 10)

    def said(read, probability):
        frame = make(document, read, probability)
        found = labelled_only(frame, make_cells(frame, ()))
        return found, [one.sentence for one in found.findings if one.code == "W329"]

    read = singly(rng, 3000, 0.2)
    right, none = said(read, 0.2)
    wrong, (sentence,) = said(read, 0.8)
    assert none == []
    assert "stands for 750 passages, and there are 3,000" in sentence
    assert wrong.variance[0] < 0.3 * right.variance[0]
    assert said(read, 0.04)[1] != []
    assert said(whole(rng, document, 0.1), 0.1)[1] == []
    unequal = np.where(np.arange(3000) % 7 == 0, 0.6, 0.05)
    assert said(rng.random(3000) < unequal, unequal)[1] == []
