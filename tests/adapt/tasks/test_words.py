"""Words by their offsets, whatever the script: a span of an annotation tool comes back as the same characters."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
from headwinds.adapt.encoding import encode_with_offsets
from headwinds.adapt.tasks.token_words import first_tokens
from headwinds.adapt.tasks.words import SHAPES, shape_of, split_words

PIECES = st.sampled_from(
    [
        *("Zürich", "Zu\u0308rich", "naïve", "A\u030angstro\u0308m", "İstanbul", "straße", "e\u0301\u0323", "ﬁnance"),
        *("Москва", "北京", "国际货币基金组织", "東京タワー", "한국", "المغرب", "👩\u200d👩\u200d👧", "🇨🇭", "😀", "½", "€5"),
        *("don't", "U.S.", "COVID-19", "3,4"),
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(resolve_checkpoint("default"))


def test_words_of_a_sentence():
    text = "Mr. O'Neil pays €5 in Zu\u0308rich, 北京."
    assert [text[start:end] for start, end in split_words(text)] == [
        "Mr", ".", "O", "'", "Neil", "pays", "€", "5", "in", "Zu\u0308rich", ",", "北", "京", ".",
    ]  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=8), st.sampled_from([" ", ", ", "\n", "\u00a0"]))
def test_words_are_apart_in_order_and_leave_out_nothing_but_spaces(pieces, between):
    text = between.join(pieces)
    words = split_words(text)
    assert all(start < end for start, end in words)
    assert all(one[1] <= two[0] for one, two in pairwise(words))
    covered = {place for start, end in words for place in range(start, end)}
    left = [text[place] for place in range(len(text)) if place not in covered]
    assert all(character.isspace() or unicodedata.category(character) in ("Cf", "Cc") for character in left)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=8))
def test_every_word_with_a_token_is_found_by_its_first_token(tokenizer, pieces):
    """Through the tokenizer and back: the first token's characters lie inside of its word, and each word comes once."""
    text = " ".join(pieces)
    words = split_words(text)
    encoded = encode_with_offsets(tokenizer, [text], max_tokens=256)
    (numbers,) = first_tokens(encoded, 0, words, len(text))
    seen = [number for number in numbers.tolist() if number >= 0]
    assert len(seen) == len(set(seen))
    for place, number in enumerate(numbers.tolist()):
        if number >= 0:
            start, end = encoded.offsets[0][place].tolist()
            assert words[number][0] <= start < end
            assert start < words[number][1]
    letters = [
        n
        for n, (a, b) in enumerate(words)
        if any(c.isalnum() for c in unicodedata.normalize("NFKD", text[a:b]))
    ]
    assert set(letters) <= set(seen)


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("growth", "lower"), ("Zürich", "capitalised"), ("IMF", "capitals"), ("A", "one capital"), ("eBay", "mixed"),
        ("1999", "digits"), ("B2B", "digits and letters"), (",", "punctuation"), ("北", "other"),
        ("Zu\u0308rich", "capitalised"),
    ],
)  # fmt: skip
def test_shapes(word, shape):
    assert SHAPES[shape_of(word)] == shape
