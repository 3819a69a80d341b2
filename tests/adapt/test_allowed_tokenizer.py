"""Patterns that tokenizers in use search by are allowed; those that repeat a group are not."""

from __future__ import annotations

import json

import pytest

from headwinds.adapt.allowed_tokenizer import check_tokenizer
from headwinds.errors import CheckpointError

IN_USE = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",  # GPT-2
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+",  # Llama 3
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}]*[\p{Ll}\p{M}]+(?i:'s|'t|'re)?|\p{N}{1,3}|[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+",
    r"[一-龥぀-ゟ゠-ヿ]+|\)+|[)]+",
)


@pytest.mark.parametrize("pattern", IN_USE)
def test_a_pattern_in_use_is_allowed(tmp_path, pattern):
    steps = [
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        {"type": "Split", "pattern": {"Regex": pattern}},
    ]
    (tmp_path / "tokenizer.json").write_text(
        json.dumps({"pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}})
    )
    check_tokenizer(tmp_path)


@pytest.mark.parametrize("pattern", ["(a+)+", "(?:a|b)*", "((a){2,9}){2,9}", r"([)]\))+"])
def test_a_pattern_that_repeats_a_group_is_refused_in_one_line(tmp_path, pattern):
    (tmp_path / "tokenizer.json").write_text(
        json.dumps({"normalizer": {"pattern": {"Regex": pattern}, "content": ""}})
    )
    with pytest.raises(CheckpointError, match="repeats a group") as caught:
        check_tokenizer(tmp_path)
    assert "\n" not in str(caught.value)
