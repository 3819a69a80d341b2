"""Names of effects for pyfixest, so that the same rows give the same bytes in every process.

pyfixest 0.60 keeps the effects of a formula in a set of their names: in which order they are taken out depends on the seed
of Python's hashes, which is another one in each process, and with it the last digits of an estimate. The order cannot be
said, but it can be looked up, and the names dealt out by it.
"""

from __future__ import annotations


def effect_columns(number: int) -> tuple[str, tuple[str, ...]]:
    """The formula of so many effects, and their names in the order in which they will be taken out.

    >>> formula, names = effect_columns(2)
    >>> formula, sorted(names)
    ('effect0 + effect1', ['effect0', 'effect1'])
    """
    names = [f"effect{place}" for place in range(number)]
    return " + ".join(names), tuple(set(names))
