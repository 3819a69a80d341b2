"""A setting that cannot be used is told with its value, what was expected, and the nearest name."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from headwinds.contracts.limits import above_zero, require, require_each, require_one_of
from headwinds.errors import SettingsError


@dataclass
class Some:
    kind: str = "linear"
    rate: float = 1.0
    steps: int = 1


def test_what_holds_passes():
    require_one_of(Some(), {"kind": ("linear", "cosine")})
    require_one_of(Some(kind=""), {"kind": ("", "linear")})
    require_each(Some(), ("rate", "steps"), above_zero, "a number above 0")
    require(True, "rate", 1.0, "anything")


def test_a_name_is_refused_with_all_names_and_the_nearest():
    with pytest.raises(SettingsError) as told:
        require_one_of(Some(kind="linaer"), {"kind": ("", "linear", "cosine")})
    assert str(told.value).startswith(
        "kind = 'linaer' cannot be used: expected one of linear, cosine, or \"\"."
    )
    assert told.value.remedy == "Did you mean 'linear'?"


def test_a_name_that_is_like_none_gets_no_suggestion():
    with pytest.raises(SettingsError) as told:
        require_one_of(Some(kind="?"), {"kind": ("linear", "cosine")})
    assert told.value.remedy == ""


def test_the_first_setting_that_does_not_hold_is_named():
    with pytest.raises(SettingsError, match=r"steps = 0 cannot be used: expected a number above 0\."):
        require_each(Some(steps=0), ("rate", "steps"), above_zero, "a number above 0")
