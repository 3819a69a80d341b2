"""Chinese documents are read in their own encodings, to the character; screens and baselines find words without spaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headwinds.adapt.evaluation.baselines import LabelledSplit, keyword_baseline, tfidf_baseline
from headwinds.corpus.codebook import read_codebook
from headwinds.corpus.encodings import decode, likely_encoding
from headwinds.corpus.gold import read_gold
from headwinds.corpus.reading import Columns, read_corpus
from headwinds.corpus.scripts import without_spaces, word_pattern
from headwinds.errors import EncodingError
from house.repository import ROOT

STUDY = ROOT / "studies" / "china-reports"
MARKS = "，。！？；：「」、（）"


def encodable(encoding):
    """Characters that the encoding writes and reads back as they were."""
    found = []
    for code in range(0x4E00, 0xA000):
        try:
            if chr(code).encode(encoding).decode(encoding) == chr(code):
                found.append(chr(code))
        except UnicodeError:
            continue
    return found


CHARACTERS = {name: [*encodable(name), *MARKS] for name in ("gb18030", "big5")}


@pytest.fixture(scope="module")
def passages():
    return pq.read_table(STUDY / "passages.parquet").to_pylist()


@pytest.mark.parametrize("encoding", ["gb18030", "big5"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_chinese_text_is_read_as_it_was_written_or_refused(encoding, data):
    text = data.draw(st.text(st.sampled_from(CHARACTERS[encoding]), min_size=1, max_size=80))
    raw = f"passage_id,text\np1,{text}\n".encode(encoding)
    assert decode(raw, encoding, Path("documents.csv")) == f"passage_id,text\np1,{text}\n"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        with pytest.raises(EncodingError, match="line 2: byte"):
            decode(raw, "utf-8", Path("documents.csv"))


@pytest.mark.parametrize(("encoding", "years"), [("gb18030", range(1955, 2015)), ("big5", [1954])])
def test_a_corpus_is_read_by_its_setting_and_a_wrong_setting_names_the_right_one(
    encoding, years, passages, tmp_path
):
    kept = []
    for row in passages:
        try:
            row["text"].encode(encoding)
        except UnicodeEncodeError:  # a form of a character that the encoding does not have
            continue
        if row["year"] in years:
            kept.append(row)
    kept = kept[:200]
    assert len(kept) > 10
    path = tmp_path / "documents.csv"
    lines = [
        "passage_id,document_id,text",
        *(f"{r['passage_id']},{r['document_id']},{r['text']}" for r in kept),
    ]
    path.write_bytes("\n".join(lines).encode(encoding))
    read = read_corpus(path, Columns(), encoding=encoding)
    assert read.table["text"].to_pylist() == [row["text"] for row in kept]
    assert likely_encoding(path.read_bytes(), besides="utf-8") == encoding
    with pytest.raises(EncodingError, match=f"It looks like {encoding}"):
        read_corpus(path, Columns(), encoding="utf-8")


def test_a_codebook_and_labels_in_chinese_are_read():
    codebook = read_codebook(STUDY / "codebook.md")
    assert codebook.names == ("推动", "创新", "差距", "安全", "适应", "社会")
    assert len(codebook.rules) == 8


def test_labels_in_one_cell_may_be_separated_by_a_chinese_semicolon(tmp_path):
    (tmp_path / "gold.csv").write_text(
        "passage_id,labels,inclusion_probability\np1,推动；创新,0.5\np2,推动; 适应,0.5\np3,,0.5\n",
        encoding="utf-8",
    )
    gold = read_gold(tmp_path / "gold.csv", read_codebook(STUDY / "codebook.md"))
    assert gold.labels.sum(axis=1).tolist() == [2, 2, 0]


@example("digital divide 数字鸿沟 in a mostly English text about the world economy", False)
@example("科技创新（R&D）投入占GDP的2%", True)
@example("", False)
@example("2014", False)
@given(st.text(st.sampled_from("经济增长技术"), min_size=1), st.just(True))
def test_texts_without_spaces_between_words_are_known(text, expected):
    assert without_spaces([text]) is expected


def test_a_screens_word_is_found_within_chinese_and_only_at_a_words_beginning_in_latin():
    assert word_pattern("技术").search("提高科学技术水平")
    assert word_pattern("internet").search("the Internet of things")
    assert not word_pattern("art").search("a smart city")


def test_the_baselines_find_chinese_words_without_spaces():
    about = ["要大力发展科学技术事业", "依靠科技进步和创新", "推广先进技术提高质量", "加强科研和技术改造"]
    other = ["粮食产量比上年增加", "加强同各国的友好关系", "改善人民的生活水平", "搞好社会治安综合治理"]
    texts = (about + other) * 6
    truth = np.array(([[True]] * 4 + [[False]] * 4) * 6)
    split = LabelledSplit(texts, truth)
    test = ["国家重视科学技术", "各国人民友好"]
    probability, _ = tfidf_baseline(split, split, test)
    assert probability[0, 0] > probability[1, 0] + 0.2
    assert keyword_baseline(split, test, ["技术", "科技"])[:, 0].tolist() == [True, False]
