"""Explanations: they add up, stand at the right characters, and name the words that decide."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from headwinds.adapt.audit import attributions
from headwinds.adapt.audit.answers import ask
from headwinds.adapt.audit.text_units import text_units, without
from headwinds.errors import SettingsError

TEXT = "he thanks France. we thank the president. cyber attacks threaten data"
STRANGE = [
    "cyber attacks 👩‍👩‍👧 threaten 👍🏽 data",
    unicodedata.normalize("NFD", "l'économie é thé cyber attacks"),
    "数字鸿沟 the digital divide 扩大了。",
    "  cyber\u00a0attacks\n\nthreaten <b>data</b>  ",
    "peace " * 150 + "cyber attacks threaten data",
]


@pytest.mark.parametrize("kind", ["several_model", "single_model"])
@pytest.mark.parametrize("text", [TEXT, *STRANGE])
def test_attributions_add_up_to_the_difference_from_the_baseline(kind, text, request):
    found = attributions(request.getfixturevalue(kind), text, "security")
    total = sum(piece.value for piece in found.pieces)
    assert total == pytest.approx(
        found.output - found.baseline, abs=0.01 * max(abs(found.output - found.baseline), 0.1)
    )
    assert found.findings == ()
    assert sum(value for _, value in found.of_units()) == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("kind", ["several_model", "single_model"])
def test_the_output_is_what_the_model_predicts(kind, request):
    found = attributions(request.getfixturevalue(kind), TEXT, "security")
    assert 1 / (1 + np.exp(-found.output)) == pytest.approx(found.probability, abs=1e-4)


@pytest.mark.parametrize("text", STRANGE)
def test_pieces_are_whole_characters_of_the_text_as_it_came(several_model, text):
    found = attributions(several_model, text, "security")
    before = 0
    for piece in found.pieces:
        assert before <= piece.start < piece.end <= len(text)
        assert not unicodedata.category(text[piece.start]).startswith("M")
        assert piece.end == len(text) or not unicodedata.category(text[piece.end]).startswith("M")
        before = piece.end
    words = {unicodedata.normalize("NFC", text[a:b]).lower() for (a, b), _ in found.of_units()}
    for word in ("cyber", "attacks", "divide", "thé", "鸿"):
        if word in unicodedata.normalize("NFC", text):
            assert word in words


def test_the_sentence_that_decides_contributes_most(several_model):
    found = attributions(several_model, TEXT, "security")
    by_sentence = [0.0, 0.0, 0.0]  # who speaks, filler, the topic
    for (start, _), value in found.of_units():
        by_sentence[TEXT[:start].count(".")] += value
    assert by_sentence[2] > 2 * max(abs(by_sentence[0]), abs(by_sentence[1]))


def test_occlusion_is_what_the_model_says_without_the_word(single_model):
    found = attributions(single_model, TEXT, "security", method="occlusion")
    texts = [TEXT, TEXT.replace("cyber", "")]
    probability = ask(single_model).answers(texts).probability[:, single_model.facts.labels.index("security")]
    odds = np.log(probability / (1 - probability))
    value = next(value for (a, b), value in found.of_units() if TEXT[a:b] == "cyber")
    assert value == pytest.approx(odds[0] - odds[1], rel=1e-6)
    assert len(found.pieces) == len(text_units(TEXT))


def test_without_a_label_the_likeliest_is_explained(single_model):
    asked = ask(single_model)
    assert attributions(asked, TEXT).label == "security"


def test_the_marked_text_is_the_text_and_runs_nothing(several_model):
    text = "cyber <script>alert(1)</script> attacks & data"
    marked = attributions(several_model, text, "security").marked()
    assert "<script" not in marked
    import html
    import re

    assert html.unescape(re.sub(r"</?mark[^>]*>", "", marked)) == text


def test_units_are_the_same_in_composed_and_decomposed_form():
    composed = "naïve café 技术 👍🏽 x_1"
    decomposed = unicodedata.normalize("NFD", composed)
    words = [composed[a:b] for a, b in text_units(composed)]
    assert words == ["naïve", "café", "技", "术", "👍🏽", "x_1"]
    assert [unicodedata.normalize("NFC", decomposed[a:b]) for a, b in text_units(decomposed)] == words


def test_a_text_without_its_words_is_still_a_text():
    assert without("one two, three", [(4, 7)]) == "one , three"
    assert without("one", [(0, 3)]) == "."


def test_what_cannot_be_explained_is_said(several_model):
    with pytest.raises(SettingsError, match=r"no label 'growth'.*driver"):
        attributions(several_model, TEXT, "growth")
    with pytest.raises(SettingsError, match="no word"):
        attributions(several_model, "... !", "driver")
    with pytest.raises(SettingsError, match=r"method = 'lime' is unknown.*occlusion"):
        attributions(several_model, TEXT, "driver", method="lime")


def test_the_result_has_the_one_face(several_model):
    found = attributions(several_model, TEXT, "security")
    assert list(found.table) == ["start", "end", "text", "value"]
    assert "add up" in found.summary()
    assert found.plot().axes
    assert "<mark" in found.to_html()
