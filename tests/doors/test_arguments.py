"""What notebooks give the calls in Python is taken as it was meant, or refused in one line that names the argument."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import headwinds
from headwinds.doors.arguments import plain_arguments
from headwinds.errors import SettingsError

PathLike = str | Path
PANEL = pd.DataFrame({"text": ["a"], "label": ["b"]})


@plain_arguments
def asked(
    file: PathLike,
    *,
    columns: Sequence[str] = (),
    seeds: Sequence[int] = (),
    rate: float = 0.5,
    **settings: object,
) -> tuple[object, ...]:
    """A call as those of the doors are."""
    return file, columns, seeds, rate, settings


def test_a_single_name_is_a_list_of_one_and_no_list_of_its_letters():
    assert asked("a", columns="year", seeds=3)[1:3] == (("year",), (3,))
    assert asked("a", columns=pd.Series(["year", "country"]), seeds=np.arange(2))[1:3] == (
        ("year", "country"),
        (0, 1),
    )


def test_numbers_of_numpy_are_numbers():
    _, _, _, rate, settings = asked("a", rate=np.float32(0.25), epochs=np.int64(3), merge=np.True_)
    assert (rate, type(rate)) == (0.25, float)
    assert settings == {"epochs": 3, "merge": True}
    assert [type(one) for one in settings.values()] == [int, bool]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: headwinds.tune(task="text-classification", train=PANEL, output="o"), "train is DataFrame"),
        (lambda: headwinds.score_file("model", PANEL, "o"), "corpus is DataFrame"),
        (lambda: headwinds.predict_file(None, "a.csv", "o.csv"), "model is NoneType"),
        (lambda: headwinds.explain_file(PANEL, "o"), "panel is DataFrame"),
        (lambda: headwinds.explain_file("panel.csv", "o", before=1995), "before is int 1995"),
        (lambda: headwinds.measure_file("s.csv", "g.csv", "o", by="year"), r"Write by=\[\['year'\]\]"),
        (lambda: headwinds.measure_file("s.csv", "g.csv", "o", by=["year"]), r"Write by=\[\['year'\]\]"),
        (
            lambda: headwinds.tune(task="text-classification", train="a.csv", output="o", test_share="0.2"),
            "test_share is str '0.2', expected a number",
        ),
        (
            lambda: headwinds.tune(task="text-classification", train="a.csv", output="o", seed=1.5),
            "seed is float 1.5, expected a whole number",
        ),
        (lambda: headwinds.audit("model", "a.csv", "o", parts=3), "parts is int 3, expected a list of names"),
    ],
)
def test_what_is_of_another_kind_is_refused_by_name(call, said):
    with pytest.raises(SettingsError, match=said):
        call()


def test_a_call_that_lacks_something_is_told_so_by_python_itself_with_its_name():
    with pytest.raises(TypeError, match=r"tune\(\) missing .* 'train'"):
        headwinds.tune(task="text-classification", output="o")
