"""Spans and tags: every scheme is read alike, there and back changes nothing, the best sequence makes spans."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwinds.adapt.tasks.tags import (
    allowed_transitions,
    best_tags,
    spans_of_numbers,
    spans_of_tags,
    tag_numbers,
)

ENTITIES = [(0, 2, "PER"), (2, 3, "PER"), (4, 5, "LOC")]


@pytest.mark.parametrize(
    "tags",
    [
        "B-PER I-PER B-PER O B-LOC",
        "I-PER I-PER B-PER O I-LOC",
        "B-PER E-PER S-PER O S-LOC",
        "B-PER L-PER U-PER O U-LOC",
    ],
    ids=["BIO", "IOB1", "BIOES", "BILOU"],
)
def test_every_scheme_says_the_same(tags):
    assert spans_of_tags(tags.split()) == ENTITIES


def test_a_change_of_type_ends_a_span_without_a_new_beginning():
    assert spans_of_tags(["B-PER", "I-LOC", "I-LOC", "O", "I-ORG"]) == [
        (0, 1, "PER"),
        (1, 3, "LOC"),
        (4, 5, "ORG"),
    ]


@pytest.mark.parametrize("tag", ["PER", "B-", "X-PER", "B", ""])
def test_what_is_no_tag_is_named(tag):
    with pytest.raises(ValueError, match=f"^{tag}$"):
        spans_of_tags(["O", tag])


@st.composite
def sentences(draw):
    words, spans, place = draw(st.integers(1, 12)), [], 0
    while place < words:
        length = draw(st.integers(1, 3))
        if draw(st.booleans()) and place + length <= words:
            spans.append((place, place + length, draw(st.sampled_from(("A", "B", "C")))))
        place += length
    return words, spans


@given(sentences())
def test_spans_to_tags_and_back(sentence):
    words, spans = sentence
    assert spans_of_numbers(tag_numbers(words, spans, ("A", "B", "C")).tolist(), ("A", "B", "C")) == spans


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_the_best_sequence_is_the_best_of_all_that_are_allowed(seed, words):
    """Two types, every sequence tried: none that is allowed scores higher."""
    scores = np.random.default_rng(seed).normal(0, 1, (words, 5))
    allowed = allowed_transitions(5)

    def may(tags):
        return tags[0] in (0, 1, 3) and all(allowed[one, two] for one, two in pairwise(tags))

    def total(tags):
        return scores[np.arange(words), list(tags)].sum()

    best = max(filter(may, product(range(5), repeat=words)), key=total)
    found = best_tags(scores)
    assert may(found.tolist())
    assert total(found) == pytest.approx(total(best))
