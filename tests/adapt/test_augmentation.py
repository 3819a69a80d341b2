"""Copies of training rows: labels and spans stay true, validation sees none of them, and the gain is measured."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from adapt.speakers import make_decoder, make_masked
from adapt.test_every_task import EXAMPLES
from headwinds.adapt.augmentation.edits import Edit, apply_edits, easy_edits
from headwinds.adapt.augmentation.rows import augmented_rows, label_in_words
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_data import prepare_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import SettingsError

INTENTS, ENTITIES = EXAMPLES / "intents-train.csv", EXAMPLES / "entities-train.jsonl"


def random_text(generator: np.random.Generator) -> tuple[str, list[tuple[int, int]]]:
    """Words of several scripts, some of them within spans that do not overlap."""
    words = ["Ada", "Zoe\u0308", "北京", "🌊", "café", "the", "of", "x", "(now)", "Łódź"]
    text, spans = "", []
    for _ in range(int(generator.integers(1, 14))):
        word = str(generator.choice(words))
        if generator.random() < 0.3:
            spans.append((len(text), len(text) + len(word)))
        text += word + str(generator.choice([" ", "", ", ", "  "]))
    return text, spans


def test_spans_hold_the_same_characters_after_any_edits():
    generator = np.random.default_rng(0)
    changed = 0
    for _ in range(2000):
        text, spans = random_text(generator)
        edits = easy_edits(text, spans, generator)
        found, moved = apply_edits(text, spans, edits)
        assert [found[a:b] for a, b in moved] == [text[a:b] for a, b in spans]
        changed += found != text
    assert changed > 500


def test_what_is_put_in_at_a_border_is_outside_the_span():
    found, moved = apply_edits("ab", [(0, 1), (1, 2)], [Edit(0, 0, "--"), Edit(1, 1, "+"), Edit(2, 2, "!")])
    assert found == "--a+b!"
    assert [found[a:b] for a, b in moved] == ["a", "b"]


@pytest.mark.parametrize(
    ("task", "file"), [("text-classification", INTENTS), ("named-entity-recognition", ENTITIES)]
)
def test_easy_copies_keep_their_labels_and_are_the_same_again(task, file):
    settings = TuneSettings(task=task, augment="easy", augment_copies=2)
    rows = read_rows(file, get_task(task))
    copies = augmented_rows(rows, settings)
    assert len(copies) > len(rows)
    assert copies == augmented_rows(rows, settings)
    origin = {row.place: row for row in rows}
    for copy in copies:
        own = origin[copy.place.rpartition(", copy")[0]]
        assert copy.values["text"] != own.values["text"]
        if task == "text-classification":
            assert copy.values["label"] == own.values["label"]
        else:
            old, new = own.values["spans"], copy.values["spans"]
            told = [(own.values["text"][s["start"] : s["end"]], s["label"]) for s in old]
            assert [(copy.values["text"][s["start"] : s["end"]], s["label"]) for s in new] == told
    get_task(task).read(copies, labelled=True)


@pytest.mark.parametrize("more", [{"tokens": 5}, {"tokens": "5"}, {"spans": "a;b"}, {"spans": [[0, 6]]}])
def test_a_column_of_a_classification_may_be_called_as_one_of_another_task(more):
    row = Row("here", {"text": "growth is slow this year", "label": "a", **more})
    chosen = TuneSettings(task="text-classification", augment="easy", augment_copies=3)
    copies = augmented_rows([row], chosen)
    assert copies
    assert all(more.items() <= copy.values.items() for copy in copies)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"label": 0}, "0"),
        ({"label": None, "labels": [0, "b"]}, "0, b"),
        ({"labels": np.array(["a"])}, "a"),
        ({"labels": []}, "none"),
    ],
)
def test_a_number_is_a_label_to_write_for(cells, said):
    assert label_in_words(Row("here", {"text": "x", **cells})) == said


def test_spans_written_as_three_values_move_with_their_copies():
    text = "then Ada Byron went from London to Paris again"
    rows = [Row("file, line 1", {"text": text, "spans": [[5, 14, "PERSON"], [25, 31, "PLACE"]]})]
    chosen = TuneSettings(task="named-entity-recognition", augment="easy", augment_copies=5)
    copies = augmented_rows(rows, chosen)
    assert len(copies) > 2
    for copy in copies:
        words = [copy.values["text"][span["start"] : span["end"]] for span in copy.values["spans"]]
        assert words == ["Ada Byron", "London"]


def test_words_with_tags_keep_one_tag_each():
    row = Row("here", {"tokens": ["we", "met", "Ada", "King", "in", "a", "house"], "tags": list("OOBIOOO")})
    row = Row("here", {**row.values, "tags": ["O", "O", "B-P", "I-P", "O", "O", "O"]})
    settings = TuneSettings(task="named-entity-recognition", augment="easy", augment_copies=20)
    copies = augmented_rows([row], settings)
    assert copies
    for copy in copies:
        assert copy.values["tags"] == row.values["tags"]
        assert copy.values["tokens"][2:4] == ["Ada", "King"]
        assert len(copy.values["tokens"]) == 7


@pytest.mark.parametrize(
    ("text", "entity", "words"),
    [
        ("Le café de Zürich était fermé à Paris hier soir", "Paris", None),
        ("प्रधानमंत्री ने दिल्ली में कहा कि वृद्धि होगी", "दिल्ली", None),
        ("می‌خواهم به تهران بروم زیرا هوا خوب است", "تهران", None),
        ("Bob在Paris说经济增长很快，工资上涨", "Paris", "经济增长很快工资上涨"),
    ],
)
def test_words_are_edited_whole_in_any_script(text, entity, words):
    """Decomposed and Indic letters lost their marks to other words, and of Chinese a whole clause was one word."""
    text = unicodedata.normalize("NFD", text)
    entity = unicodedata.normalize("NFD", entity)
    place = text.index(entity)
    span = {"start": place, "end": place + len(entity), "label": "PLACE"}
    settings = TuneSettings(task="named-entity-recognition", augment="easy", augment_copies=60)
    copies = augmented_rows([Row("here", {"text": text, "spans": [span]})], settings)
    assert len(copies) > 20
    get_task("named-entity-recognition").read(copies, labelled=True)  # spans begin and end with words
    if words is None:
        held = set(text.split())
        assert all(set(copy.values["text"].split()) <= held for copy in copies)
    else:
        assert all(sum(one in copy.values["text"] for one in words) >= len(words) - 2 for copy in copies)


def test_words_of_a_file_are_its_own_in_chinese_too():
    row = Row("here", {"tokens": ["经济", "增长", "很快", "北京"], "tags": ["O", "O", "O", "B-LOC"]})
    settings = TuneSettings(task="named-entity-recognition", augment="easy", augment_copies=20)
    copies = augmented_rows([row], settings)
    assert copies
    assert all(set(copy.values["tokens"]) <= set(row.values["tokens"]) for copy in copies)


def test_a_masked_model_puts_words_that_it_holds_likely(tmp_path):
    checkpoint = make_masked(tmp_path / "masked", steps=2)
    rows = [Row("here", {"text": "waves break at the harbour", "label": "sea"})]
    settings = TuneSettings(augment="masked", augment_checkpoint=str(checkpoint), augment_copies=4)
    copies = augmented_rows(rows, settings)
    assert copies
    for copy in copies:
        apart = [
            a != b for a, b in zip(copy.values["text"].split(), rows[0].values["text"].split(), strict=True)
        ]
        assert sum(apart) == 1


def test_written_copies_keep_their_label(tmp_path):
    checkpoint = str(make_decoder(tmp_path / "decoder", steps=2))
    rows = [Row(f"row {n}", {"text": "waves break at the harbour", "label": "sea"}) for n in range(3)]
    for augment, names in (("generated", checkpoint), ("back-translation", f"{checkpoint}; {checkpoint}")):
        copies = augmented_rows(rows, TuneSettings(augment=augment, augment_checkpoint=names))
        assert len(copies) <= len(rows)
        assert all(copy.values["label"] == "sea" and copy.values["text"].strip() for copy in copies)
    with pytest.raises(SettingsError, match="needs two models"):
        augmented_rows(rows, TuneSettings(augment="back-translation", augment_checkpoint=checkpoint))


def test_copies_train_and_never_validate():
    settings = TuneSettings(augment="easy", augment_copies=3)
    _, plain, _ = prepare_files(LabelledFiles(INTENTS), TuneSettings())
    _, data, _ = prepare_files(LabelledFiles(INTENTS), settings)
    assert np.array_equal(data.validation, plain.validation)
    assert len(data.training) > 3 * len(plain.training)
    held = {plain.examples.places[row] for row in plain.validation}
    sources = {
        place.rpartition(", copy")[0] or place for place in np.array(data.examples.places)[data.training]
    }
    assert not held & sources
    assert data.digest != plain.digest


def test_the_gain_of_copies_is_measured_in_pairs(tiny_checkpoint, tmp_path):
    settings = TuneSettings(checkpoint=str(tiny_checkpoint), epochs=1, augment="easy", augment_compare=True)
    found = tune_files(LabelledFiles(INTENTS), settings, tmp_path / "with", quiet=True)
    without = tune_files(
        LabelledFiles(INTENTS),
        TuneSettings(checkpoint=str(tiny_checkpoint), epochs=1),
        tmp_path / "plain",
        quiet=True,
    )
    weights = "encoder/model.safetensors"
    plain = next((tmp_path / "with").glob("without-copies*")) / weights
    assert plain.read_bytes() == (without.folder / weights).read_bytes()
    assert plain.read_bytes() != (found.folder / weights).read_bytes()
    gain = found.gain
    assert gain.examples == json.loads((found.folder / "model.json").read_text())["validation_examples"]
    assert set(gain.differences) == set(gain.metrics)
    item = gain.differences["accuracy"]
    assert item.lower <= item.value <= item.upper


def test_the_gain_of_copies_is_told_by_draws_of_whole_groups(tiny_checkpoint, tmp_path):
    lines = Path(INTENTS).read_text(encoding="utf-8").splitlines()
    head, rows = lines[0], [line for line in lines[1:] if line]
    file = tmp_path / "grouped.csv"
    grouped = [f"{head},speaker", *(f"{row},s{number // 4}" for number, row in enumerate(rows))]
    file.write_text("\n".join(grouped) + "\n", encoding="utf-8")
    settings = TuneSettings(
        checkpoint=str(tiny_checkpoint), method="head", epochs=1, augment="easy", augment_compare=True
    )
    found = tune_files(LabelledFiles(file, group="speaker"), settings, tmp_path / "out", quiet=True)
    assert 1 < found.gain.groups < found.gain.examples


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"task": "question-answering"}, "cannot be used with question-answering"),
        ({"task": "named-entity-recognition", "augment": "generated", "augment_checkpoint": "x"}, "spans"),
        ({"augment": "masked"}, "needs a model"),
        ({"training_share": 0.5}, "copies of rows that are left out"),
        ({"method": "zero-shot"}, "no label is learnt from"),
        ({"augment": "", "augment_compare": True}, "nothing to compare"),
    ],
)
def test_what_cannot_be_augmented_is_refused(changes, problem):
    with pytest.raises(SettingsError, match=problem):
        prepare_files(LabelledFiles(Path(INTENTS)), TuneSettings(**{"augment": "easy", **changes}))
