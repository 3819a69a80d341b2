"""Chinese sentences end with 。！？ or ；, with what closes after them, and nothing is lost between them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.adapt.tasks.sentences import split_sentences

WORDS = st.text(st.sampled_from("我国科学技术發展經濟增长，、"), min_size=2, max_size=30).filter(
    lambda text: sum(character.isalnum() for character in text) >= 2
)
ENDS = st.sampled_from(["。", "！", "？", "；", "。”", "！」", "？）", "……。", "？！", "。》"])
SENTENCES = st.lists(st.builds(lambda word, end: word + end, WORDS, ENDS), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(SENTENCES)
def test_sentences_are_cut_at_their_marks_and_nowhere_else(sentences):
    text = "".join(sentences)
    assert [text[start:end] for start, end in split_sentences(text)] == sentences


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("科技發展，。！？；」”） \n\u3000A1."), max_size=60))
def test_nothing_but_space_is_lost_between_sentences_and_none_overlap(text):
    spans = split_sentences(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    kept = "".join(text[start:end] for start, end in spans)
    assert "".join(kept.split()) == "".join(text.split())
