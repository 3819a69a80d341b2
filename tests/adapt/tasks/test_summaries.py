"""Sentences, ROUGE by hand, and the sentences that training aims at."""

from __future__ import annotations

import time

import pytest

from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
from headwinds.adapt.evaluation.rouge import longest_common_subsequence, rouge, rouge_words
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.extractive_summarisation import ExtractiveSummarisation, oracle
from headwinds.adapt.tasks.sentences import split_sentences


@pytest.mark.parametrize("text", ["." * 100_000 + "x", ". " * 50_000, "1. " * 30_000])
def test_a_text_of_nothing_but_dots_is_read_at_once(text):
    """It took the square of its length: eight seconds for 16,000 dots."""
    begun = time.process_time()
    assert split_sentences(text)
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Prices rose 2.5 percent. Sales fell.", ["Prices rose 2.5 percent.", "Sales fell."]),
        ("No end", ["No end"]),
        ("  a line\n\nanother line ", ["a line", "another line"]),
        ("1. First point. 2. Second.", ["1. First point.", "2. Second."]),
        ("经济增长。创新很重要！", ["经济增长。", "创新很重要！"]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("", []),
    ],
)
def test_sentences(text, sentences):
    assert [text[start:end] for start, end in split_sentences(text)] == sentences


def test_rouge_by_hand():
    """Five words against six: four shared, one shared pair, a common subsequence of four."""
    one, two, long = rouge("The cat sat on mats", ["the cat lay on the mats"])
    assert one == pytest.approx(2 * 4 / (5 + 6))
    assert two == pytest.approx(2 * 1 / (4 + 5))
    assert long == pytest.approx(2 * 4 / (5 + 6))


def test_rouge_takes_the_reference_that_suits_best():
    assert rouge("a b", ["x y", "a b"]) == (1.0, 1.0, 1.0)
    assert rouge("a b", ["x y"]) == (0.0, 0.0, 0.0)


def test_words_of_rouge_have_no_case_and_no_punctuation():
    assert rouge_words("The U.S. grew, 经济!") == ["the", "u", "s", "grew", "经", "济"]


def test_the_common_subsequence_keeps_the_order():
    assert longest_common_subsequence(list("abcde"), list("badce")) == 3


def test_training_aims_at_the_sentences_that_make_up_the_reference():
    text = (
        "Rain fell all week. Prices of wheat rose sharply. The mayor spoke. Exports of steel fell by a tenth."
    )
    sentences = split_sentences(text)
    assert oracle(text, sentences, ["Wheat prices rose sharply and steel exports fell by a tenth."]) == [1, 3]
    assert oracle(text, sentences, []) == []


def test_a_sentence_that_two_windows_hold_counts_as_one():
    task = ExtractiveSummarisation()
    row = Row("x, line 1", {"text": "Prices of wheat rose sharply. " * 20, "summary": "Wheat rose."})
    examples = task.read([row], labelled=True)
    tokenizer = load_tokenizer(resolve_checkpoint("default"))
    encoded = task.encode(examples, tokenizer, max_tokens=32)
    assert len(encoded.windows) > 2
    targets = task.targets(examples, encoded, (), TuneSettings())
    assert sum(float(weight.sum()) for weight in targets.weights) == pytest.approx(20)


def test_a_summary_that_begins_with_a_bracket_is_a_text():
    row = Row("line 1", {"text": "Wages rose. [Laughter]", "summary": "[Wages] rose."})
    assert ExtractiveSummarisation().read([row], labelled=True).summaries == (("[Wages] rose.",),)
