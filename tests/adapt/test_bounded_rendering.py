"""A template is rendered within its time and its memory, and what it renders is what it would render alone."""

from __future__ import annotations

import resource
import threading
import time

import pytest

from headwinds.adapt.bounded_rendering import check_template, rendered_within
from headwinds.errors import CheckpointError


def test_what_is_rendered_is_given_and_what_it_raises_is_raised() -> None:
    assert rendered_within(lambda: "text") == "text"
    with pytest.raises(KeyError):
        rendered_within(lambda: {}["absent"])


def test_who_takes_too_long_is_ended_and_leaves_no_thread() -> None:
    def endless() -> str:
        while True:
            try:
                sum(range(100))
            except Exception:
                continue

    before, started = threading.active_count(), time.monotonic()
    with pytest.raises(CheckpointError, match=r"more than 0\.2 seconds"):
        rendered_within(endless, seconds=0.2)
    assert time.monotonic() - started < 10
    assert threading.active_count() == before


def test_who_takes_too_much_memory_is_refused_and_the_bound_is_taken_away_again() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(CheckpointError, match="64 MB"):
        rendered_within(lambda: "x" * (1 << 31), memory=1 << 26)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert len(rendered_within(lambda: "x" * (1 << 20), memory=1 << 26)) == 1 << 20


def test_templates_in_use_are_taken_and_those_that_multiply_are_not() -> None:
    check_template(
        "{% for m in messages %}{% if loop.index0 % 2 == 0 and m.role != 'user' %}{{ raise_exception('x') }}{% endif %}"
        "{{ '<|' ~ m.role ~ '|>' + m['content'] | trim }}{# 2 * 2 #}* text ** {% endfor %}"
    )
    for template in ("{{ 2 * n }}", "{% set x = 'x' ** 9 %}"):
        with pytest.raises(CheckpointError, match="multiplies"):
            check_template(template)
