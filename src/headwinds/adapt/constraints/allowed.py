"""Which tokens may come next, so that what is written is one of the choices, or of the grammar."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwinds.adapt.constraints.completing import can_be_completed
from headwinds.adapt.constraints.grammar import Grammar, read_grammar
from headwinds.errors import SettingsError, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase


@dataclass(slots=True)
class Choices:
    """A tree of the choices' tokens: what follows a beginning, and whether a choice ends there.

    `longest` is the number of tokens of the longest one, with the one that ends it.
    """

    end: int
    after: dict[tuple[int, ...], list[int]] = field(default_factory=dict)
    longest: int = 0

    def next_tokens(self, written: Sequence[int]) -> list[int]:
        """Tokens that lead on to a choice; the one that ends a text where a choice is complete."""
        return self.after.get(tuple(written), [self.end])


@dataclass(slots=True)
class GrammarTokens:
    """A grammar asked by tokens: the vocabulary as a tree of characters is walked along with the automaton.

    Attributes
    ----------
    before
        Tokens that are written before the text, and are no part of it.
    completed
        The states from which the vocabulary can complete a text.
    """

    grammar: Grammar
    tree: dict[str, Any]
    pieces: list[str]
    end: int
    before: tuple[int, ...] = ()
    completed: frozenset[int] = frozenset()
    known: dict[tuple[frozenset[int], bool], list[int]] = field(default_factory=dict)
    states: dict[tuple[int, ...], frozenset[int]] = field(default_factory=dict)

    def next_tokens(self, written: Sequence[int]) -> list[int]:
        """Tokens after which the text can still be completed; the one that ends it where it is complete."""
        if len(written) < len(self.before):
            return [self.before[len(written)]]
        written = written[len(self.before) :]
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
                if states & self.completed:
                    found.extend(below)
                continue
            reached = self.grammar.follow(states, character)
            if reached:
                self._walk(below, reached, found)


def written_first(network: Any, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The tokens with which a checkpoint with an encoder begins every text that it writes.

    The one that its configuration forces, or those that its tokenizer puts before a target.
    """
    forced = network.encoder.generation_config.forced_bos_token_id
    if forced is not None:
        return (int(forced),)
    special = set(tokenizer.all_special_ids)
    given = tokenizer(text_target="a", return_attention_mask=False)["input_ids"]
    count = next((place for place, token in enumerate(given) if token not in special), 0)
    return tuple(int(token) for token in given[:count])


def choices_allowed(
    tokenizer: PreTrainedTokenizerBase,
    choices: Sequence[str],
    *,
    before: tuple[int, ...] = (),
    decoder_only: bool,
) -> Choices:
    """The tree of some choices, as this tokenizer writes them, after the tokens `before`.

    Raises
    ------
    SettingsError
        The tokenizer cannot write a choice as it stands there.
    """
    end = int(tokenizer.eos_token_id)
    found = Choices(end)
    special = set(tokenizer.all_special_ids)
    for choice in choices:
        given = tokenizer(choice, add_special_tokens=False) if decoder_only else tokenizer(text_target=choice)
        own = [token for token in given["input_ids"] if token not in special]
        text = " ".join(tokenizer.decode(own, clean_up_tokenization_spaces=False).split())
        if text != " ".join(choice.split()):
            raise SettingsError(
                f"choices: this checkpoint cannot write {quoted(choice)}; its tokenizer makes {quoted(text)} of it.",
                remedy="Choose what it can write, or name a checkpoint of another vocabulary.",
            )
        tokens = [*before, *own]
        found.longest = max(found.longest, len(tokens) + 1)
        for length in range(len(tokens) + 1):
            following = found.after.setdefault(tuple(tokens[:length]), [])
            token = tokens[length] if length < len(tokens) else end
            if token not in following:
                following.append(token)
    return found


def grammar_allowed(
    tokenizer: PreTrainedTokenizerBase, pattern: str, *, before: tuple[int, ...] = ()
) -> GrammarTokens:
    """The grammar over this tokenizer's vocabulary, after the tokens `before`.

    Raises
    ------
    SettingsError
        The pattern cannot be read, or the vocabulary can write no text of it.
    """
    grammar = read_grammar(pattern)
    special = set(tokenizer.all_special_ids)
    anchor = tokenizer("a", add_special_tokens=False)["input_ids"]
    count = len(tokenizer)
    texts = tokenizer.batch_decode(
        [[*anchor, token] for token in range(count)], clean_up_tokenization_spaces=False
    )
    length = len(tokenizer.decode(anchor, clean_up_tokenization_spaces=False))
    pieces = ["" if token in special else text[length:] for token, text in enumerate(texts)]
    tree: dict[str, Any] = {}
    for token, piece in enumerate(pieces):
        if not piece or "\ufffd" in piece:  # a part of a character's bytes is no character
            continue
        place = tree
        for character in piece:
            place = place.setdefault(character, {})
        place.setdefault("", []).append(token)
    end = int(tokenizer.eos_token_id)
    found = GrammarTokens(grammar, tree, pieces, end, before, can_be_completed(grammar, tree))
    first = found.next_tokens(before)
    if first == [end] and not grammar.complete(grammar.begin()):
        raise SettingsError(
            f"grammar = {pattern!r}: the vocabulary of this checkpoint has no tokens for any text of it.",
            remedy="Use signs that it knows, or name a checkpoint of another vocabulary.",
        )
    return found
