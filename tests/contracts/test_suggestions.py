"""A name that is not known brings the nearest one that is."""

from __future__ import annotations

from headwinds.contracts.suggestions import nearest


def test_capital_letters_do_not_hide_the_nearest_name():
    assert nearest("TEXT", ["text", "label"]) == " Did you mean 'text'?"
    assert nearest("gbr", ["FRA", "GBR"], cutoff=0.5) == " Did you mean 'GBR'?"
    assert nearest("labels", ["text", "Label"]) == " Did you mean 'Label'?"
    assert nearest("weight", ["text", "label"]) == ""
