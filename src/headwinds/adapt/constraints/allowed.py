"""Which tokens may come next, so that what is written is one of the choices, or of the grammar."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwinds.adapt.constraints.grammar import Grammar, read_grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase


@dataclass(slots=True)
class Choices:
    """A tree of the choices' tokens: what follows a beginning, and whether a choice ends there."""

    end: int
    after: dict[tuple[int, ...], list[int]] = field(default_factory=dict)

    def next_tokens(self, written: Sequence[int]) -> list[int]:
        """Tokens that lead on to a choice; the one that ends a text where a choice is complete."""
        return self.after.get(tuple(written), [self.end])


@dataclass(slots=True)
class GrammarTokens:
    """A grammar asked by tokens: the vocabulary as a tree of characters is walked along with the automaton."""

    grammar: Grammar
    tree: dict[str, Any]
    pieces: list[str]
    end: int
    known: dict[tuple[frozenset[int], bool], list[int]] = field(default_factory=dict)
    states: dict[tuple[int, ...], frozenset[int]] = field(default_factory=dict)

    def next_tokens(self, written: Sequence[int]) -> list[int]:
        """Tokens after which the text can still be completed; the one that ends it where it is complete."""
        states = self._after(tuple(written))
        key = states, not written
        if key not in self.known:
            found: list[int] = []
            self._walk(self.tree, states, found)
            if not written:  # what begins with a space begins a word: the space does not belong to the text
                self._walk(
                    {sign: below for sign, below in self.tree.get(" ", {}).items() if sign}, states, found
                )
            if self.grammar.complete(states) or not found:
                found.append(self.end)
            self.known[key] = sorted(set(found))
        return self.known[key]

    def _after(self, written: tuple[int, ...]) -> frozenset[int]:
        if not written:
            return self.grammar.begin()
        if written not in self.states:
            text = self.pieces[written[-1]]
            text = text.removeprefix(" ") if len(written) == 1 else text
            self.states[written] = self.grammar.follow(self._after(written[:-1]), text)
        return self.states[written]

    def _walk(self, tree: dict[str, Any], states: frozenset[int], found: list[int]) -> None:
        for character, below in tree.items():
            if character == "":
                found.extend(below)
                continue
            reached = self.grammar.follow(states, character)
            if reached:
                self._walk(below, reached, found)


def choices_allowed(
    tokenizer: PreTrainedTokenizerBase, choices: Sequence[str], *, decoder_only: bool
) -> Choices:
    """The tree of some choices, as this tokenizer writes them."""
    end = int(tokenizer.eos_token_id)
    found = Choices(end)
    special = set(tokenizer.all_special_ids)
    for choice in choices:
        given = tokenizer(choice, add_special_tokens=False) if decoder_only else tokenizer(text_target=choice)
        tokens = [token for token in given["input_ids"] if token not in special]
        for length in range(len(tokens) + 1):
            following = found.after.setdefault(tuple(tokens[:length]), [])
            token = tokens[length] if length < len(tokens) else end
            if token not in following:
                following.append(token)
    return found


def grammar_allowed(tokenizer: PreTrainedTokenizerBase, pattern: str) -> GrammarTokens:
    """The grammar over this tokenizer's vocabulary.

    Raises
    ------
    SettingsError
        The pattern cannot be read.
    """
    grammar = read_grammar(pattern)
    special = set(tokenizer.all_special_ids)
    anchor = tokenizer("a", add_special_tokens=False)["input_ids"]
    count = len(tokenizer)
    texts = tokenizer.batch_decode(
        [[*anchor, token] for token in range(count)], clean_up_tokenization_spaces=False
    )
    before = len(tokenizer.decode(anchor, clean_up_tokenization_spaces=False))
    pieces = ["" if token in special else text[before:] for token, text in enumerate(texts)]
    tree: dict[str, Any] = {}
    for token, piece in enumerate(pieces):
        if not piece or "\ufffd" in piece:  # a part of a character's bytes is no character
            continue
        place = tree
        for character in piece:
            place = place.setdefault(character, {})
        place.setdefault("", []).append(token)
    return GrammarTokens(grammar, tree, pieces, int(tokenizer.eos_token_id))
