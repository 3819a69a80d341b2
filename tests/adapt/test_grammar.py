"""A grammar says what Python's own regular expressions say, and asks no more than the text's length of them."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.adapt.constraints.grammar import read_grammar
from headwinds.errors import SettingsError

LETTER = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\.", r"\d", "[a-c]"])
PATTERN = st.recursive(
    LETTER,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}|{both[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}"])).map(
            lambda both: f"({both[0]}){both[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(PATTERN, st.text("abc.1", max_size=7))
def test_a_text_matches_as_with_python(pattern: str, text: str) -> None:
    assert read_grammar(pattern).matches(text) == bool(re.fullmatch(pattern, text))


def test_no_pattern_takes_long() -> None:
    """What keeps a backtracking reader busy for centuries."""
    started = time.perf_counter()
    assert not read_grammar("(a*)*b").matches("a" * 2000)
    assert not read_grammar("(a|a)*(a|a)*b").matches("a" * 2000)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "pattern", ["(", "a)", "*a", "[a", "a{2", "a{3,1}", "\\", "a{99999}", "((a{900}){900})"]
)
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsError, match="grammar"):
        read_grammar(pattern)
