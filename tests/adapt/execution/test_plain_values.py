"""What goes between two processes that do not trust each other comes back equal, or not at all."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwinds.adapt.execution.plain_values import NotPlain, pack, unpack

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.datetimes()
    | st.timedeltas()
    | st.complex_numbers(allow_nan=False)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers() | st.text())
    ),
    max_leaves=20,
)


def refuse(value):
    raise AssertionError(value)


@given(values)
def test_a_plain_value_comes_back_equal_and_of_its_type(value):
    back = unpack(pack(value, refuse), refuse)
    assert back == value
    assert type(back) is type(value)


@given(st.text())
def test_any_text_is_a_value_or_refused(text):
    with contextlib.suppress(NotPlain):
        unpack(text, refuse)


def test_an_object_is_held_and_not_sent():
    held = []
    text = pack([object()], lambda value: len(held) if held.append(value) is None else 0)
    assert text == '["list", ["held", 1]]'
    assert len(held) == 1


def test_a_value_without_end_is_refused():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(NotPlain):
        pack(endless, refuse)
