"""Robustness: changes are what they say, spans move along, and the metric before and after is that of the test."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from adapt.audit.conftest import make_rows
from headwinds.adapt.audit.answers import ask
from headwinds.adapt.audit.perturbations import MEANINGS, editors, perturbed_rows
from headwinds.adapt.audit.robustness import robustness_of
from headwinds.adapt.tasks.contract import Row

TEXT = 'Trade with 12 islands grew "fast"; café owners cheered.'


def changed(name: str, text: str = TEXT, **more: object) -> Row:
    return perturbed_rows([Row("row 1", {"text": text, **more})], editors()[name], seed=3)[0]


def test_every_change_is_explained():
    assert set(MEANINGS) == {*editors(), "paraphrase"}


def test_typing_errors_touch_one_word_in_ten_and_one_letter_of_it():
    text = "letters " * 50
    for name, length in (("neighbouring key", 7), ("swapped letters", 7), ("dropped letter", 6)):
        words = str(changed(name, text).values["text"]).split()
        different = [word for word in words if word != "letters"]
        assert len(words) == 50
        assert len(different) == 5
        assert {len(word) for word in different} == {length}
        assert all(word[0] == "l" for word in different)


def test_case_punctuation_spaces_and_forms_change_nothing_else():
    assert changed("upper case").values["text"] == TEXT.upper()
    assert changed("no punctuation").values["text"] == "Trade with 12 islands grew fast café owners cheered"
    decomposed = str(changed("decomposed").values["text"])
    assert decomposed != TEXT
    assert unicodedata.normalize("NFC", decomposed) == TEXT
    assert str(changed("spaces").values["text"]).split() == TEXT.split()
    assert unicodedata.normalize("NFKC", str(changed("typographic").values["text"]))[:16] == TEXT[:16]


@pytest.mark.parametrize("name", sorted(editors()))
def test_spans_hold_what_they_held(name):
    span = {"start": TEXT.index("islands"), "end": TEXT.index("islands") + 7, "label": "place"}
    row = changed(name, spans=[span])
    (moved,) = row.values["spans"]
    assert str(row.values["text"])[moved["start"] : moved["end"]] == "islands"


def test_the_metric_is_compared_in_pairs_and_the_worst_comes_first(single_model):
    rows = [Row(row["id"], row) for row in make_rows(80, seed=6, several=False)]
    found, findings = robustness_of(
        ask(single_model), rows, [str(n) for n in range(80)], labelled=True, seed=0
    )
    examples = single_model.task.read(rows, labelled=True)
    plain = single_model.task.metrics(
        ask(single_model).predictions(rows), examples, single_model.facts.labels, np.ones((1, 80))
    )["macro_f1"][0]
    assert {one.before for one in found.changes} == {float(plain)}
    differences = [one.difference for one in found.changes]
    assert differences == sorted(differences)
    for one in found.changes:
        assert one.difference == pytest.approx(one.after - one.before)
        if one.lower == one.lower:
            assert one.joint_lower <= one.lower <= one.difference <= one.upper <= one.joint_upper
    lower = next(one for one in found.changes if one.name == "lower case")
    assert (lower.difference, lower.flips.value) == (0.0, 0.0)  # the tokenizer is uncased
    assert lower.lower != lower.lower
    assert lower.flips.upper > 0
    assert [one.code for one in findings] == ["N267"]  # nothing here has accents, digits or quotation marks
    assert found.changes[0].name in found.verdict


def test_the_same_seed_makes_the_same_changes():
    for name, editor in editors().items():
        first = perturbed_rows([Row("r", {"text": TEXT})], editor, seed=5)
        assert first == perturbed_rows([Row("r", {"text": TEXT})], editors()[name], seed=5)
