"""From which states of a grammar a vocabulary can complete a text: a token that leads nowhere must not be written.

A grammar may ask for characters that no token holds, or that stand only within longer ones: (yes|nö) over a vocabulary
without "ö" must never begin with "n".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from headwinds.adapt.constraints.grammar import Grammar

Tree = dict[str, Any]
MOST_LOOKED_AT = (
    500  # states whose tokens are tried one by one; of more it is taken that they can be completed
)


def can_be_completed(grammar: Grammar, tree: Tree) -> frozenset[int]:
    """The states, once a token has been written, from which some tokens complete a text.

    Where every character is a token of its own, characters decide; else tokens are tried.

    Parameters
    ----------
    tree
        The vocabulary by characters, with the tokens that end at a place under "".
    """
    alone = {character for character, below in tree.items() if character and "" in below}
    found = _completed(grammar, alone)
    open_ = _completed(grammar, set(_characters(tree))) - found
    if len(open_) > MOST_LOOKED_AT:
        return frozenset(found | open_)
    while more := {state for state in open_ - found if _leads(grammar, tree, grammar.closed({state}), found)}:
        found |= more
    return frozenset(found)


def _completed(grammar: Grammar, characters: Collection[str]) -> set[int]:
    """The states from which these characters, one by one, lead to the end."""
    before: dict[int, list[int]] = {}
    for state, free in enumerate(grammar.free):
        for reached in free:
            before.setdefault(reached, []).append(state)
        step = grammar.steps[state]
        if step is not None and any(step[0](character) for character in characters):
            before.setdefault(step[1], []).append(state)
    found, waiting = {grammar.last}, [grammar.last]
    while waiting:
        for state in before.get(waiting.pop(), []):
            if state not in found:
                found.add(state)
                waiting.append(state)
    return found


def _leads(grammar: Grammar, tree: Tree, states: frozenset[int], wanted: set[int]) -> bool:
    """Whether some token of the tree leads from `states` to one that is wanted."""
    for character, below in tree.items():
        if not character:
            continue
        reached = grammar.follow(states, character)
        if not reached:
            continue
        if "" in below and not reached.isdisjoint(wanted):
            return True
        if _leads(grammar, below, reached, wanted):
            return True
    return False


def _characters(tree: Tree) -> Iterator[str]:
    for character, below in tree.items():
        if character:
            yield character
            yield from _characters(below)
