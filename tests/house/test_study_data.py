"""The data of the shipped study are the bytes that its README describes, and keep the promises of their design."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter

import pyarrow.parquet as pq
import pytest

from house.repository import ROOT

STUDY = ROOT / "studies" / "un-debates"
LABELS = {"driver", "innovation", "divide", "security", "adaptability", "social"}
PERIODS = {"1990-2000": range(1990, 2001), "2001-2011": range(2001, 2012), "2012-2022": range(2012, 2023)}


@pytest.fixture(scope="module")
def sample():
    rows = pq.read_table(STUDY / "sample.parquet").to_pylist()
    return {row["passage_id"]: row for row in rows}


@pytest.fixture(scope="module")
def gold():
    with (STUDY / "gold.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def population():
    with (STUDY / "population.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_hashes_in_the_readme_are_those_of_the_files():
    readme = (STUDY / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `([\w.]+)` \|.*`([0-9a-f]{64})` \|$", readme, flags=re.MULTILINE))
    assert set(stated) == {"sample.parquet", "gold.jsonl", "codebook.md", "population.csv"}
    assert {name: hashlib.sha256((STUDY / name).read_bytes()).hexdigest() for name in stated} == stated


def test_every_gold_passage_is_in_the_sample_under_its_stratum_and_period(gold, sample):
    ids = [row["passage_id"] for row in gold]
    assert len(ids) == len(set(ids)) == 1725
    for row in gold:
        passage = sample[row["passage_id"]]
        assert (row["stratum"], row["period"]) == (passage["stratum"], passage["period"])


def test_no_gold_passage_is_likelier_than_certain_given_the_sample(gold, sample):
    for row in gold:
        chance = row["inclusion_probability"]
        assert 0 < chance <= 1
        assert chance * sample[row["passage_id"]]["weight"] <= 1


def test_inclusion_probabilities_are_labelled_over_population_in_each_cell(gold, population):
    labelled = Counter((row["stratum"], row["period"]) for row in gold)
    size = cell_sizes(population)
    for row in gold:
        cell = row["stratum"], row["period"]
        assert row["inclusion_probability"] == pytest.approx(labelled[cell] / size[cell], abs=1e-9)


def test_gold_labels_are_those_of_the_codebook(gold):
    codebook = (STUDY / "codebook.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (\w+) \| (?!give)", codebook, flags=re.MULTILINE)) == LABELS
    assert {label for row in gold for label in row["labels"]} == LABELS


def test_weights_add_up_to_the_population_in_every_stratum_and_period(sample, population):
    weights: Counter[tuple[str, str]] = Counter()
    for row in sample.values():
        weights[row["stratum"], row["period"]] += row["weight"]
    size = cell_sizes(population)
    assert set(weights) == set(size)
    assert len(size) == 9
    for cell in size:
        assert weights[cell] == pytest.approx(size[cell], rel=1e-12)


def test_the_population_counts_every_passage_once(population):
    keys = [(row["country"], int(row["year"]), row["stratum"]) for row in population]
    assert keys == sorted(set(keys))
    assert sum(int(row["passages"]) for row in population) == 184_845
    assert all(1 <= int(row["documents"]) <= int(row["passages"]) for row in population)


def cell_sizes(population: list[dict[str, str]]) -> Counter[tuple[str, str]]:
    sizes: Counter[tuple[str, str]] = Counter()
    for row in population:
        period = next(name for name, years in PERIODS.items() if int(row["year"]) in years)
        sizes[row["stratum"], period] += int(row["passages"])
    return sizes
