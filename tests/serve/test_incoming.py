"""What was sent is taken apart: JSON that could not be computed with is refused, and where it stands is told."""

from __future__ import annotations

import pytest

from headwinds.serve.incoming import RequestError, plain_json


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"rows": [{"text": "x", "weight": 1}, {"weight": -1e400}]}', "'rows[1].weight' holds"),
        (b'{"temperature": 1E999, "top_p": 1e999}', "'temperature' holds"),
        (b'{"a": {"b": [[0, 1e309]]}}', "'a.b[0][1]' holds"),
        (b"[1e400]", "'[0]' holds"),
        (b"1e400", "The body is"),
    ],
)
def test_a_number_beyond_all_numbers_is_refused_with_its_place(body, place):
    with pytest.raises(RequestError, match="a number that is too large") as caught:
        plain_json(body)
    assert str(caught.value).startswith(place)
    assert caught.value.status == 422


def test_the_largest_and_the_smallest_numbers_are_read():
    assert plain_json(b"[1.7976931348623157e308, -1e308, 5e-324, 1e-400]") == [
        1.7976931348623157e308,
        -1e308,
        5e-324,
        0.0,
    ]
