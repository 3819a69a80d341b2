"""Words by their offsets, whatever the script: a span of an annotation tool comes back as the same characters."""

from __future__ import annotations

import json
import random
import unicodedata
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
from headwinds.adapt.encoding import encode_with_offsets
from headwinds.adapt.predicting import evaluate_file
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.named_entities import NamedEntities
from headwinds.adapt.tasks.token_words import first_tokens, word_scores
from headwinds.adapt.tasks.words import SHAPE_COUNT, SHAPES, shape_of, split_words, word_shape_numbers
from headwinds.adapt.training.batches import collate
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles

PIECES = st.sampled_from(
    [
        *("Zürich", "Zu\u0308rich", "naïve", "A\u030angstro\u0308m", "İstanbul", "straße", "e\u0301\u0323", "ﬁnance"),
        *("Москва", "北京", "国际货币基金组织", "東京タワー", "한국", "المغرب", "👩\u200d👩\u200d👧", "🇨🇭", "😀", "½", "€5"),
        *("don't", "U.S.", "COVID-19", "3,4"),
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(resolve_checkpoint("default"))


def test_words_of_a_sentence():
    text = "Mr. O'Neil pays €5 in Zu\u0308rich, 北京."
    assert [text[start:end] for start, end in split_words(text)] == [
        "Mr", ".", "O", "'", "Neil", "pays", "€", "5", "in", "Zu\u0308rich", ",", "北", "京", ".",
    ]  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=8), st.sampled_from([" ", ", ", "\n", "\u00a0"]))
def test_words_are_apart_in_order_and_leave_out_nothing_but_spaces(pieces, between):
    text = between.join(pieces)
    words = split_words(text)
    assert all(start < end for start, end in words)
    assert all(one[1] <= two[0] for one, two in pairwise(words))
    covered = {place for start, end in words for place in range(start, end)}
    left = [text[place] for place in range(len(text)) if place not in covered]
    assert all(character.isspace() or unicodedata.category(character) in ("Cf", "Cc") for character in left)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=8))
def test_every_word_with_a_token_is_found_by_its_first_token(tokenizer, pieces):
    """Through the tokenizer and back: the first token's characters lie inside of its word, and each word comes once."""
    text = " ".join(pieces)
    words = split_words(text)
    encoded = encode_with_offsets(tokenizer, [text], max_tokens=256)
    (numbers,) = first_tokens(encoded, 0, words, len(text))
    seen = [number for number in numbers.tolist() if number >= 0]
    assert len(seen) == len(set(seen))
    for place, number in enumerate(numbers.tolist()):
        if number >= 0:
            start, end = encoded.offsets[0][place].tolist()
            assert words[number][0] <= start < end
            assert start < words[number][1]
    letters = [
        n
        for n, (a, b) in enumerate(words)
        if any(c.isalnum() for c in unicodedata.normalize("NFKD", text[a:b]))
    ]
    assert set(letters) <= set(seen)


def test_a_word_that_two_windows_hold_is_learnt_once_and_where_it_is_read(tokenizer):
    """Overlaps, and a window that begins within a word (unbelievably long ones are of several tokens)."""
    task, words = NamedEntities(), [("growth", "internationalisation", "IMF")[n % 3] for n in range(90)]
    tags = ["B-ORG" if word == "IMF" else "O" for word in words]
    examples = task.read([Row("x, line 1", {"tokens": words, "tags": tags})], labelled=True)
    encoded = task.encode(examples, tokenizer, max_tokens=32)
    assert len(encoded.windows) > 4
    targets = task.targets(examples, encoded, ("ORG",), TuneSettings())
    output = [np.zeros((len(window), 3)) for window in encoded.windows]
    for values, learnt in zip(output, targets.windows, strict=True):
        values[learnt >= 0, 1] = 1.0
    assert sum(int((learnt >= 0).sum()) for learnt in targets.windows) == len(words)
    assert (word_scores(output, encoded, 0, examples.words[0], len(examples.texts[0]))[:, 1] == 1.0).all()
    batch = collate(encoded, np.array([0]), padding_id=0)
    assert task.loss_units(batch, targets) == len(words)


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("growth", "lower"), ("Zürich", "capitalised"), ("IMF", "capitals"), ("A", "one capital"), ("eBay", "mixed"),
        ("1999", "digits"), ("B2B", "digits and letters"), (",", "punctuation"), ("北", "other"),
        ("Zu\u0308rich", "capitalised"),
    ],
)  # fmt: skip
def test_shapes(word, shape):
    assert SHAPES[shape_of(word)] == shape


@pytest.mark.parametrize("line_break", ["\n", "\r\n", " \n\n ", "\u2028", "\x0b"])
def test_a_word_that_begins_a_line_has_a_shape_of_its_own(line_break):
    text = f"Growth fell.{line_break}The IMF said so"
    numbers = word_shape_numbers(text, split_words(text))
    begins = [number >= len(SHAPES) for number in numbers]
    assert begins == [True, False, False, True, False, False, False]
    assert [SHAPES[number % len(SHAPES)] for number in numbers] == [
        "capitalised", "lower", "punctuation", "capitalised", "capitals", "lower", "lower",
    ]  # fmt: skip
    assert max(numbers) < SHAPE_COUNT


@pytest.mark.parametrize("form", ["words", "raw"])
def test_what_only_the_breaks_of_lines_tell_is_learnt(form, wide_checkpoint, tmp_path):
    """The same words in the same order, and the entity is what begins a sentence: without the breaks none can be told."""
    generator = random.Random(1)
    rows = []
    for _ in range(60):
        counts = [generator.randint(1, 4) for _ in range(5)]
        starts = set(accumulate(counts[:-1], initial=0))
        names = [generator.choice(("growth", "trade", "data")) for _ in range(sum(counts))]
        if form == "words":
            tags = ["B-FIRST" if place in starts else "O" for place in range(len(names))]
            rows.append({"tokens": names, "tags": tags, "sentences": counts})
            continue
        pieces = [
            ("\n" if place in starts and place else " " if place else "") + name
            for place, name in enumerate(names)
        ]
        ends = list(accumulate(len(piece) for piece in pieces))
        spans = [
            {"start": end - len(name), "end": end, "label": "FIRST"}
            for place, (end, name) in enumerate(zip(ends, names, strict=True))
            if place in starts
        ]
        rows.append({"text": "".join(pieces), "spans": spans})
    train = _written(tmp_path / "train.jsonl", rows)
    settings = TuneSettings(
        task="named-entity-recognition", checkpoint=str(wide_checkpoint), epochs=6, patience=6, batch_tokens=256,
        learning_rate=1e-3, head_learning_rate=5e-2,
    )  # fmt: skip
    found = tune_files(LabelledFiles(train, test=train), settings, tmp_path / "out", quiet=True)
    assert found.evaluation.metrics["entity_f1"].value > 0.98
    kept = {
        "words": lambda row: row | {"sentences": []},
        "raw": lambda row: row | {"text": row["text"].replace("\n", " ")},
    }
    without = _written(tmp_path / "without.jsonl", [kept[form](row) for row in rows])
    assert evaluate_file(found.folder, without, tmp_path / "tested").metrics["entity_f1"].value < 0.5


def _written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
