"""Codebooks as people write them; what is wrong with one is told by its label."""

from __future__ import annotations

import pytest

from headwinds.corpus.codebook import read_codebook
from headwinds.errors import DataError

MARKDOWN = """# Labels

| label | give it when | not when |
|---|---|---|
| growth | technology raises incomes | it only spreads |
| divide | access is unequal | |

1. A passage can have several labels.
2. In doubt, none.
"""
TOML = """
rules = ["A passage can have several labels.", "In doubt, none."]
[[label]]
name = "growth"
definition = "technology raises incomes"
excludes = "it only spreads"
[[label]]
name = "divide"
definition = "access is unequal"
"""


def test_markdown_and_toml_say_the_same(tmp_path):
    for name, text in (("codebook.md", MARKDOWN), ("codebook.toml", TOML)):
        (tmp_path / name).write_text(text)
    assert read_codebook(tmp_path / "codebook.md") == read_codebook(tmp_path / "codebook.toml")
    assert read_codebook(tmp_path / "codebook.md").names == ("growth", "divide")
    assert len(read_codebook(tmp_path / "codebook.md").rules) == 2


BAD = {
    "codebook.md": {
        "": "defines no label",
        "Just prose.": "defines no label",
        MARKDOWN.replace("divide", "growth"): "'growth' is defined twice",
        MARKDOWN.replace("access is unequal", ""): "'divide' has no definition",
        MARKDOWN.replace("divide", "the divide"): "'the divide' is no plain name",
    },
    "codebook.toml": {
        "": "defines no label",
        "[[label]\n": "is not a codebook",
        '[[label]]\ndefinition = "x"\n': "is not a codebook",
        "[[label]]\nname = 5\ndefinition = 6\n": "is not a codebook",
        'label = ["growth"]\n': "is not a codebook",
        'rules = "In doubt, none."\n' + TOML.split("\n", 2)[2]: "rules is a list of text",
    },
}


@pytest.mark.parametrize(
    ("name", "text", "message"), [(name, *case) for name, cases in BAD.items() for case in cases.items()]
)
def test_what_is_wrong_with_a_codebook_is_told_in_one_line(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_codebook(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_codebook_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match="There is no codebook"):
        read_codebook(tmp_path / "codebook.md")
