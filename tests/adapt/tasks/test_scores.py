"""Metrics against values worked out by hand, as the official scorers count."""

from __future__ import annotations

import time

import numpy as np
import pytest

from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.multiple_choice import MultipleChoice
from headwinds.adapt.tasks.named_entities import NamedEntities
from headwinds.adapt.tasks.question_answering import QuestionAnswering, normal_words, overlap
from headwinds.adapt.tasks.relation_extraction import RelationExtraction, mark_entities

ONES = np.ones((1, 4))


def rows(*values):
    return [Row(f"file, line {number + 1}", value) for number, value in enumerate(values)]


def test_relations_are_scored_as_semeval_does():
    """Ten lines of the official scorer's logic: direction must be right, both directions are one relation, Other is none."""
    task = RelationExtraction()
    labels = ("Cause(e1,e2)", "Cause(e2,e1)", "Other", "Part(e1,e2)")
    true = ["Cause(e1,e2)", "Cause(e1,e2)", "Other", "Part(e1,e2)"]
    given = ["Cause(e1,e2)", "Cause(e2,e1)", "Part(e1,e2)", "Part(e1,e2)"]
    examples = task.read(
        rows(*({"text": "<e1>A</e1> b <e2>C</e2>", "relation": name} for name in true)), labelled=True
    )
    found = task.metrics([{"relation": name} for name in given], examples, labels, ONES)
    # Cause: 1 right, 2 given, 2 true: F1 = 0.5. Part: 1 right, 2 given, 1 true: F1 = 2/3.
    assert found["macro_f1"][0] == pytest.approx((0.5 + 2 / 3) / 2)
    assert found["micro_f1"][0] == pytest.approx(2 * 2 / (4 + 3))
    assert found["accuracy"][0] == pytest.approx(0.5)


def test_marks_stand_at_the_entities_in_either_order():
    text = "Rain caused floods."
    marked, head, tail = mark_entities(text, (0, 4), (12, 18))
    assert marked == " @ Rain @  caused  # floods # ."
    assert (marked[head], marked[tail]) == ("@", "#")
    marked, head, tail = mark_entities(text, (12, 18), (0, 4))
    assert marked == " # Rain #  caused  @ floods @ ."
    assert (marked[head], marked[tail]) == ("@", "#")


def test_entities_are_right_with_span_and_type_alone():
    task = NamedEntities()
    examples = task.read(
        rows(
            {"tokens": ["Anna", "Smith", "left", "Rome"], "tags": ["B-PER", "I-PER", "O", "B-LOC"]},
            {"tokens": ["Nothing", "here"], "tags": ["O", "O"]},
        ),
        labelled=True,
    )
    given = [
        {"spans": [{"start": 0, "end": 4, "label": "PER"}, {"start": 16, "end": 20, "label": "LOC"}]},
        {"spans": []},
    ]
    found = task.metrics(given, examples, ("LOC", "PER"), np.ones((1, 2)))
    assert found["entity_f1"][0] == pytest.approx(0.5)  # Rome is right, Anna alone is not Anna Smith
    assert (found["f1[LOC]"][0], found["f1[PER]"][0]) == (1.0, 0.0)
    assert found["token_micro_f1"][0] == pytest.approx(5 / 6)
    inside, outside = 2 * 2 / (2 * 2 + 1), 2 * 3 / (2 * 3 + 1)
    assert found["token_macro_f1"][0] == pytest.approx((inside + outside) / 2)


@pytest.mark.parametrize(
    ("given", "answers", "exact", "f1"),
    [
        ("the Denver Broncos", ["Denver Broncos"], 1.0, 1.0),
        ("Denver", ["Denver Broncos"], 0.0, 2 / 3),
        ("Denver", ["Broncos", "Denver"], 1.0, 1.0),
        ("", [], 1.0, 1.0),
        ("Denver", [], 0.0, 0.0),
        ("the", [], 1.0, 1.0),
        ("", ["The", "Denver"], 0.0, 0.0),
        ("The", ["The", "the Denver"], 0.0, 0.0),
        ("", ["Denver"], 0.0, 0.0),
        ("丹佛野马", ["丹佛野马队"], 0.0, 8 / 9),
        ("£30m for", ["£30m"], 0.0, 2 / 3),  # a word is what stands between spaces
        ("°C.", ["30 °C"], 0.0, 2 / 3),
        ("the 1922–26 years", ["1922–26"], 0.0, 2 / 3),
        ("„Ctene“", ["Ctene"], 1.0, 1.0),  # the quotation marks of other languages are no part of a word
    ],
)
def test_answers_are_scored_as_squad_does(given, answers, exact, f1):
    assert overlap(given, answers) == pytest.approx((exact, f1))


def test_answers_lose_articles_case_and_punctuation():
    assert normal_words("The U.S. Army, a force") == ["us", "army", "force"]


def test_no_answer_has_an_f1_of_its_own():
    task = QuestionAnswering()
    examples = task.read(
        rows(
            {"question": "Who?", "context": "Anna left.", "answers": ["Anna"]},
            {"question": "Why?", "context": "Anna left.", "answers": []},
            {"question": "When?", "context": "Anna left.", "answers": []},
        ),
        labelled=True,
    )
    given = [{"answer": "Anna"}, {"answer": ""}, {"answer": "left"}]
    found = task.metrics(given, examples, (), np.ones((1, 3)))
    assert found["exact_match"][0] == pytest.approx(2 / 3)
    assert found["no_answer_f1"][0] == pytest.approx(2 * 1 / (1 + 2))
    assert found["answered_f1"][0] == pytest.approx(1.0)


@pytest.mark.parametrize(("given", "same"), [("the", 1.0), ("", 1.0), ("left", 0.0)])
def test_an_answer_of_an_article_alone_is_scored_as_squad_does(given, same):
    """Its official scorer: of two answers one of which has no word left, F1 is whether the other has none either."""
    assert overlap(given, ["The"]) == (same, same)


def _asked(answers):
    """Contexts of one word, with outputs that give each a margin of 2, 1, 0, ... over "no answer"."""
    from headwinds.adapt.encoding import EncodedTexts

    task = QuestionAnswering()
    examples = task.read(
        rows(*({"question": "Who?", "context": "Anna", "answers": own} for own in answers)), labelled=True
    )
    count = len(answers)
    encoded = EncodedTexts(
        [np.array([1, 2], dtype=np.int32)] * count,
        np.arange(count + 1),
        np.ones(count, dtype=np.int64),
        offsets=[np.array([[0, 0], [0, 4]], dtype=np.int32)] * count,
    )
    outputs = [[np.array([[0.0, 0.0], [2.0 - number, 0.0]])] for number in range(count)]
    return task, outputs, examples, np.arange(count), encoded


@pytest.mark.parametrize(
    ("answers", "f1", "given"),
    [
        ([["Anna"], ["Anna"], [], []], 1.0, 2),  # a line can be drawn
        ([[], [], [], ["Anna"]], 0.75, 0),  # better to give none at all
        ([["Anna"], [], ["Anna"], []], 0.75, 3),  # of equally good lines the lowest
        ([["Anna"], ["Anna"]], 1.0, 2),  # there is always an answer: no line
    ],
)
def test_an_epoch_is_scored_by_the_threshold_that_its_answers_would_be_given_by(answers, f1, given):
    """Not by whether there is an answer: a model that always says "none" would be as good as any."""
    from headwinds.adapt.settings import TuneSettings

    task, outputs, examples, numbers, encoded = _asked(answers)
    assert task.score(outputs, examples, numbers, encoded, ()) == pytest.approx(f1)
    decoder = task.fit_decoder(outputs, examples, numbers, encoded, (), TuneSettings())
    assert (decoder["threshold"] is None) == all(answers)
    found = task.decode(outputs, examples, encoded, (), decoder)
    assert sum(bool(one["answer"]) for one in found) == given
    assert task.metrics(found, examples, (), np.ones((1, len(answers))))["f1"][0] == pytest.approx(f1)


def test_the_span_that_is_given_is_the_likeliest_of_all_that_are_short_enough():
    """Also where the likeliest beginnings all stand after the likeliest ends, so that hardly any two make a span."""
    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.tasks.question_answering import LONGEST_ANSWER, best_span

    generator = np.random.default_rng(0)
    for trial in range(60):
        length = int(generator.integers(30, 200))
        places = np.array([[0, 0], *([place, place + 1] for place in range(length))], dtype=np.int32)
        places[generator.random(length + 1) < 0.1] = 0  # of the question, or special
        places[1] = 0, 1
        encoded = EncodedTexts(
            [np.zeros(length + 1, dtype=np.int32)], np.array([0, 1]), np.array([length]), offsets=[places]
        )
        values = generator.normal(size=(length + 1, 2))
        if trial % 2:
            values[length // 2 :, 0] += 5
            values[: length // 2, 1] += 5
        known = np.flatnonzero(places[:, 1] > 0)
        best = max(
            values[first, 0] + values[last, 1]
            for first in known
            for last in known
            if 0 <= last - first < LONGEST_ANSWER
        )
        span, margin = best_span([values], encoded, 0)
        assert margin == pytest.approx(best - values[0].sum())
        assert span is not None
        assert span[0] < span[1]


@pytest.mark.parametrize(
    ("answers", "spans"),
    [
        ("Ann; Bob", [(0, 8)]),  # as it stands there, one answer
        ("Ann;left", [(0, 3), (9, 13)]),
        ({"text": ["Bob", "Bob"], "answer_start": [5, 14]}, [(5, 8), (14, 17)]),
        ({"text": [], "answer_start": []}, []),
        ([{"text": "Bob", "answer_start": 14}], [(14, 17)]),
        ("", []),
    ],
)
def test_answers_are_read_as_they_are_meant(answers, spans):
    row = {"question": "Who?", "context": "Ann; Bob left Bob.", "answers": answers}
    assert QuestionAnswering().read(rows(row), labelled=True).answers == (tuple(spans),)


@pytest.mark.parametrize(
    ("answers", "given"),
    [
        ([1, 3], (1, 3)),  # numbers of JSON, though a choice has that text
        (["1", "3"], (0, 2)),  # texts, since the second can be nothing else
        (["1", "0"], (1, 0)),  # numbers, since the second can be nothing else
        ([1.0, 3.0], (1, 3)),  # as pandas writes a column of numbers with a gap
    ],
)
def test_answers_of_one_file_are_all_texts_or_all_numbers_where_choices_are_numbers(answers, given):
    """Two and one is three: an answer that is the text of one choice and the number of another is not guessed at."""
    choices = (["1", "2", "3", "4"], ["1", "9", "3", "4"] if answers[1] != "3" else ["1", "2", "3"])
    questions = [
        {"question": "?", "choices": own, "answer": one} for own, one in zip(choices, answers, strict=True)
    ]
    assert MultipleChoice().read(rows(*questions), labelled=True).answer == given


def test_a_test_in_which_no_text_has_any_label_is_one_of_several_labels():
    from headwinds.adapt.tasks.text_classification import TextClassification

    examples = TextClassification().read(rows({"text": "so", "labels": None}), labelled=True)
    assert (examples.several, examples.given) == (True, ((),))


def test_where_only_training_has_questions_without_an_answer_the_likelier_of_the_two_is_given():
    from headwinds.adapt.settings import TuneSettings

    task, outputs, examples, _, encoded = _asked([["Anna"], ["Anna"], [], []])
    decoder = task.fit_decoder(outputs[:2], examples, np.arange(2), encoded, (), TuneSettings())
    assert decoder == {"threshold": 0.0}


def test_an_equal_question_among_other_choices_stands_in_no_training():
    from headwinds.adapt.evaluation.task_evaluation import _leaks

    task = MultipleChoice()
    asked = [
        {"question": "A metal?", "choices": own, "answer": own[0]}
        for own in (["iron", "oak"], ["tin", "elm"], ["oak", "iron"])
    ]
    trained, other, again = (task.read(rows(one), labelled=True) for one in asked)
    assert _leaks(trained, other) == ()
    assert [one.code for one in _leaks(trained, again)] == ["W101"]


def test_choices_are_compared_with_chance():
    task = MultipleChoice()
    examples = task.read(
        rows(
            {"question": "a?", "choices": ["x", "y"], "answer": 1},
            {"question": "b?", "choices": ["x", "y", "z", "w"], "answer": "z"},
        ),
        labelled=True,
    )
    given = [{"answer": 1, "probability": 0.9}, {"answer": 0, "probability": 0.6}]
    found = task.metrics(given, examples, (), np.ones((1, 2)))
    assert found["accuracy"][0] == pytest.approx(0.5)
    assert found["accuracy_of_chance"][0] == pytest.approx((0.5 + 0.25) / 2)


def test_while_no_entity_is_right_likelier_tags_score_higher_and_any_right_one_more():
    """A flat 0 would stop a slow start by its patience, and keep the first epoch."""
    from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint

    task = NamedEntities()
    examples = task.read(rows({"tokens": ["in", "Rome"], "tags": ["O", "B-LOC"]}), labelled=True)
    tokenizer = load_tokenizer(resolve_checkpoint("default"))
    encoded = task.encode(examples, tokenizer, max_tokens=32)

    def score(of_entity: float) -> float:
        output = np.zeros((len(encoded.windows[0]), 3))
        output[:, 0], output[2, 1] = 4.0, of_entity
        return task.score([[output]], examples, np.array([0]), encoded, ("LOC",))

    low, higher, right = score(0.0), score(3.0), score(9.0)
    assert 0 < low < higher < 1e-6
    assert right == pytest.approx(1.0)


def test_a_text_of_many_words_and_entities_is_scored_in_a_moment():
    """A report of 40,000 words with 8,000 names: each was compared with each, a quarter of a minute for one text."""
    task = NamedEntities()
    tokens = ["New", "York", "grows", "and", "grows"] * 8_000
    examples = task.read(
        rows({"tokens": tokens, "tags": ["B-PLACE", "I-PLACE", "O", "O", "O"] * 8_000}), labelled=True
    )
    words = examples.words[0]
    spans = [
        {"start": words[start][0], "end": words[end - 1][1], "label": name}
        for start, end, name in examples.spans[0][:4_000]
    ]
    begun = time.perf_counter()
    found = task.metrics([{"spans": spans}], examples, ("PLACE",), np.ones((1, 1)))
    assert time.perf_counter() - begun < 5
    assert found["entity_recall"][0] == pytest.approx(0.5)
    assert found["token_micro_f1"][0] == pytest.approx(0.8)
