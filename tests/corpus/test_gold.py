"""Gold is taken whole or not at all: a wrong line is told by its number."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwinds.contracts import Codebook, Label
from headwinds.corpus.gold import match_gold, read_gold
from headwinds.errors import DataError, MismatchError

CODEBOOK = Codebook((Label("growth", "incomes rise"), Label("divide", "access is unequal")))
GOOD = {"passage_id": "p1", "labels": ["growth"], "inclusion_probability": 0.5, "stratum": "none"}


def write(folder, *rows):
    path = folder / "gold.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_lists_joined_names_and_columns_of_zero_and_one_say_the_same(tmp_path):
    write(tmp_path, GOOD, GOOD | {"passage_id": "p2", "labels": []})
    (tmp_path / "joined.csv").write_text("passage_id,labels,inclusion_probability\np1,growth,0.5\np2,,0.5\n")
    (tmp_path / "columns.csv").write_text(
        "passage_id,divide,growth,inclusion_probability\np1,0,1,0.5\np2,0,0,0.5\n"
    )
    for name in ("gold.jsonl", "joined.csv", "columns.csv"):
        gold = read_gold(tmp_path / name, CODEBOOK)
        assert gold.passage_ids == ("p1", "p2")
        assert gold.labels.tolist() == [[True, False], [False, False]]
        assert gold.inclusion_probability.tolist() == [0.5, 0.5]


def test_ids_that_are_numbers_are_ids_and_nought_is_one(tmp_path):
    assert read_gold(write(tmp_path, GOOD | {"passage_id": 0}), CODEBOOK).passage_ids == ("0",)


BAD_LINES = {
    "a label that is not in the codebook": (
        GOOD | {"labels": ["grwth"]},
        "label 'grwth' is not in the codebook. Did",
    ),
    "labels that are no list": (
        GOOD | {"labels": {"growth": 1}},
        "labels is {'growth': 1}, expected a list of label names",
    ),
    "labels of numbers": (GOOD | {"labels": [1]}, "labels is [1], expected a list of label names"),
    "no labels": ({"passage_id": "p9", "inclusion_probability": 0.5, "stratum": "none"}, "labels is missing"),
    "no id": (GOOD | {"passage_id": ""}, "passage_id is empty"),
    "an id twice": (GOOD | {"passage_id": "p0"}, "passage_id 'p0' stands already in line 1"),
    "no stratum": ({key: value for key, value in GOOD.items() if key != "stratum"}, "stratum is empty"),
    "no JSON": ('{"passage_id": "p1"', "not valid JSON"),
    "a probability left out": (
        GOOD | {"inclusion_probability": None},
        "inclusion_probability is missing",
    ),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_wrong_line_is_told_by_its_number(name, tmp_path):
    row, message = BAD_LINES[name]
    path = write(tmp_path, GOOD | {"passage_id": "p0"}, row)
    with pytest.raises(DataError) as caught:
        read_gold(path, CODEBOOK, stratum=("stratum",))
    assert f"{path}, line 2: {message}" in str(caught.value)


@pytest.mark.parametrize("value", [0, -0.1, 1.0000001, 2, "0", "nan", "inf", "1e400", "a half", True, [0.5]])
def test_an_inclusion_probability_lies_above_nought_and_is_at_most_one(value, tmp_path):
    path = write(tmp_path, GOOD | {"passage_id": "p0"}, GOOD | {"inclusion_probability": value})
    with pytest.raises(DataError, match=r"line 2: inclusion_probability = .* above 0 and at most 1"):
        read_gold(path, CODEBOOK)


def test_a_probability_of_one_is_a_census_and_none_at_all_is_an_unknown_design(tmp_path):
    path = write(
        tmp_path,
        GOOD | {"inclusion_probability": 1},
        GOOD | {"passage_id": "p2", "inclusion_probability": 1e-9},
    )
    assert read_gold(path, CODEBOOK).inclusion_probability.tolist() == [1.0, 1e-9]
    pq.write_table(
        pa.table({"passage_id": ["p1"], "labels": [["growth"]], "inclusion_probability": [float("nan")]}),
        tmp_path / "gold.parquet",
    )
    assert np.isnan(read_gold(tmp_path / "gold.parquet", CODEBOOK).inclusion_probability).all()


@pytest.mark.parametrize("value", ["2", "", "yes", "0.5"])
def test_a_column_of_a_label_holds_nought_or_one(value, tmp_path):
    path = tmp_path / "gold.csv"
    path.write_text(f"passage_id,growth,divide\np1,1,0\np2,1,{value}\n")
    with pytest.raises(DataError, match=f"line 3: divide = '{value}', expected 0 or 1"):
        read_gold(path, CODEBOOK)


def test_gold_that_is_not_in_the_corpus_is_counted_and_the_first_three_shown(tmp_path):
    gold = read_gold(write(tmp_path, *(GOOD | {"passage_id": f"p{i}"} for i in range(9))), CODEBOOK)
    assert match_gold(gold, [f"p{i}" for i in reversed(range(9))]).tolist() == list(reversed(range(9)))
    with pytest.raises(MismatchError, match="5 of 9 gold passages are not in the corpus, first p4, p5, p6"):
        match_gold(gold, [f"p{i}" for i in range(4)])


def test_a_missing_column_is_told_with_the_nearest_one(tmp_path):
    (tmp_path / "gold.csv").write_text("passage,label\np1,growth\n")
    with pytest.raises(
        DataError, match=r"no column 'passage_id'; it has passage, label. Did you mean 'passage'"
    ):
        read_gold(tmp_path / "gold.csv", CODEBOOK)
