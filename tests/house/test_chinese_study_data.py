"""The data of the Chinese study are the bytes that its README describes; its labels keep the promises of their design."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from itertools import pairwise

import pyarrow.parquet as pq
import pytest

from house.repository import ROOT

STUDY = ROOT / "studies" / "china-reports"
LABELS = {"推动", "创新", "差距", "安全", "适应", "社会"}


@pytest.fixture(scope="module")
def passages():
    return {row["passage_id"]: row for row in pq.read_table(STUDY / "passages.parquet").to_pylist()}


@pytest.fixture(scope="module")
def gold():
    return [json.loads(line) for line in (STUDY / "gold.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_hashes_in_the_readme_are_those_of_the_files():
    readme = (STUDY / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `([\w.]+)` \|.*`([0-9a-f]{64})` \|$", readme, flags=re.MULTILINE))
    assert set(stated) == {"passages.parquet", "gold.jsonl", "codebook.md"}
    assert {name: hashlib.sha256((STUDY / name).read_bytes()).hexdigest() for name in stated} == stated


def test_passages_are_whole_chinese_text_without_what_the_source_page_added(passages):
    assert len(passages) == 6857
    for row in passages.values():
        assert not re.search(r"\s|\u200b|\ufffd|著作权法》第五条|Public domain", row["text"])
        assert re.search(r"[\u4e00-\u9fff]{3}", row["text"])


def test_every_passage_ends_where_a_sentence_a_clause_or_a_chapter_does(passages):
    rows = list(passages.values())
    within = [row["text"] for row, after in pairwise(rows) if row["document_id"] == after["document_id"]]
    assert all(re.search(r"[。！？；][」』”’）》]*$", text) for text in within)


def test_each_label_was_drawn_with_the_probability_that_it_states(gold, passages):
    size = Counter((row["stratum"], row["period"]) for row in passages.values())
    labelled = Counter((row["stratum"], row["period"]) for row in gold)
    assert set(labelled.values()) == {41}
    for row in gold:
        passage = passages[row["passage_id"]]
        assert (row["stratum"], row["period"]) == (passage["stratum"], passage["period"])
        cell = row["stratum"], row["period"]
        assert row["inclusion_probability"] == pytest.approx(labelled[cell] / size[cell], abs=1e-12)
        assert set(row["labels"]) <= LABELS


def test_the_draw_is_that_of_the_command_in_the_readme(gold, tmp_path):
    from headwinds.doors.sampling import sample_file

    drawn = sample_file(
        STUDY / "passages.parquet",
        tmp_path,
        246,
        design="stratified",
        stratum=("stratum", "period"),
        allocation="equal",
        seed=1954,
    )
    assert set(drawn.passage_ids) == {row["passage_id"] for row in gold}


def test_the_screen_knows_both_forms_of_a_character(passages):
    of_1954 = [row for row in passages.values() if row["year"] == 1954]
    assert any("技術" in row["text"] for row in of_1954)
    assert all(
        row["stratum"] == "筛出" for row in of_1954 if "技術" in row["text"] or "科學技" in row["text"]
    )
