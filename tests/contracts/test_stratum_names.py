"""A stratum's name leads back to its values, whatever stands in them."""

from __future__ import annotations

from itertools import product

import pytest

from headwinds.contracts.stratum_names import joined_stratum, stratum_values


def test_every_pair_of_values_has_a_name_of_its_own_and_comes_back_from_it():
    values = ["".join(word) for length in range(1, 6) for word in product("a /", repeat=length)]
    values = [value for value in values if value.strip()]
    names = {}
    for value in values:
        for other in ("b", "/", "/ b", "b /", "//", "b / b"):
            for pair in ((value, other), (other, value)):
                name = joined_stratum(pair)
                assert stratum_values(name) == list(pair)
                assert names.setdefault(name, pair) == pair


@pytest.mark.parametrize("name", ["none / 1990-2000", "all", "screen / score 1 of 4 / 2000", "a/b"])
def test_what_holds_no_parting_is_told_as_it_stands(name):
    assert joined_stratum(stratum_values(name)) == name
    assert joined_stratum([name]) == name
