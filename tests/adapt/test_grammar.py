"""A grammar says what Python's own regular expressions say, and asks no more than the text's length of them."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.adapt.constraints.allowed import GrammarTokens
from headwinds.adapt.constraints.completing import can_be_completed
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


def test_no_token_is_written_from_which_the_vocabulary_cannot_complete_a_text() -> None:
    """Vocabularies without some of the grammar's characters, or with them in longer tokens alone; against all texts."""
    generator = random.Random(0)
    patterns = ["(ab|ac)", "(abc|b)c?", "a*b", "(a|b){2,4}", "(aab|b*c)", "a(b|c)a", "[ab]+c", "(a|bb)*c"]
    for _ in range(120):
        words = sorted(
            {
                "".join(generator.choices("abc", k=generator.randint(1, 3)))
                for _ in range(generator.randint(1, 5))
            }
        )
        machine = _over(generator.choice(patterns), words)
        whole = _texts(machine, words, (), machine.grammar.begin())
        begun = {tokens[:length] for tokens in whole for length in range(min(2, len(tokens)) + 1)} | {()}
        for beginning in begun:
            longer = {one[len(beginning)] for one in whole if one[: len(beginning)] == beginning != one}
            may_end = {machine.end} if beginning in whole or not whole else set()
            assert set(machine.next_tokens(beginning)) == longer | may_end


def _texts(
    machine: GrammarTokens, words: list[str], tokens: tuple[int, ...], states: frozenset[int]
) -> set[tuple[int, ...]]:
    """All texts of the grammar that begin with these tokens, of at most six of them."""
    found = {tokens} if machine.grammar.complete(states) else set()
    for token, word in enumerate(words if len(tokens) < 6 else ()):
        if reached := machine.grammar.follow(states, word):
            found |= _texts(machine, words, (*tokens, token), reached)
    return found


def _over(pattern: str, words: list[str]) -> GrammarTokens:
    """A grammar over a vocabulary of these words."""
    tree: dict[str, object] = {}
    for token, word in enumerate(words):
        place: dict = tree
        for character in word:
            place = place.setdefault(character, {})
        place.setdefault("", []).append(token)
    grammar = read_grammar(pattern)
    return GrammarTokens(grammar, tree, [*words, ""], len(words), completed=can_be_completed(grammar, tree))
