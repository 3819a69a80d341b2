"""Rows that a task cannot learn from are refused in one line: where, what is wrong, what was expected."""

from __future__ import annotations

import json

import pytest

from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.cli.main import main
from headwinds.errors import DataError, HeadwindsError, MismatchError

NER, RE, QA, MC, TEXT = (
    "named-entity-recognition",
    "relation-extraction",
    "question-answering",
    "multiple-choice",
    "text-classification",
)
GOOD = {
    NER: [{"text": "Anna met Bob.", "spans": [{"start": 0, "end": 4, "label": "PER"}]}],
    RE: [
        {"text": "<e1>Rain</e1> caused <e2>floods</e2>.", "relation": "Cause(e1,e2)"},
        {"text": "<e1>Rain</e1> and <e2>snow</e2>.", "relation": "Other"},
    ],
    QA: [{"question": "Who?", "context": "Anna met Bob.", "answers": [{"text": "Anna", "start": 0}]}],
    MC: [
        {"question": "A metal?", "choices": ["iron", "oak"], "answer": "iron"},
        {"question": "A tree?", "choices": ["iron", "oak"], "answer": 1},
    ],
    TEXT: [{"text": "good", "label": "yes"}, {"text": "bad", "label": "no"}],
}
BAD = [
    (
        NER,
        {"text": "Anna met Bob.", "spans": [{"start": 0, "end": 3, "label": "PER"}]},
        "span 0-3 'Ann' does not begin and end with words",
    ),
    (
        NER,
        {"text": "Anna", "spans": [{"start": 0, "end": 9, "label": "PER"}]},
        "span 0-9 lies outside of the text, which has 4 characters",
    ),
    (NER, {"text": "Bank of England", "spans": [[0, 15, "ORG"], [8, 15, "LOC"]]}, "'ORG' and 'LOC' overlap"),
    (NER, {"text": "Anna", "spans": [{"from": 0, "to": 4}]}, "is no span"),
    (NER, {"text": "  ", "spans": []}, "text is empty"),
    (TEXT, {"text": "cut \ud83d", "label": "yes"}, "'text' holds half a character (a lone surrogate)"),
    (QA, {"question": "Who?", "context": "A", "answers": [{"text": "\udc00"}]}, "'answers' holds half a character"),
    (RE, {"text": "<e1>Rain</e1> falls.", "relation": "Other"}, "text marks <e1> </e1>, expected"),
    (RE, {"text": "Rain falls.", "head": [0, 4], "tail": [2, 4], "relation": "Other"}, "head and tail overlap"),
    (RE, {"text": "Rain falls.", "head": [0, 4], "tail": [5, 99], "relation": "Other"}, "tail 5-99 lies outside"),
    (QA, {"question": "Who?", "context": "Anna met Bob.", "answers": ["Carl"]}, "'Carl' does not stand in the context"),
    (
        QA,
        {"question": "Who?", "context": "Bob met Bob.", "answers": ["Bob"]},
        "'Bob' stands in the context more than once",
    ),
    (
        QA,
        {"question": "Who?", "context": "Anna met Bob.", "answers": [{"text": "Anna", "start": 2}]},
        "at 2 the context has 'na m', not 'Anna'",
    ),
    (
        QA,
        {"question": "Who?", "context": "Anna met Bob.", "answers": [{"text": "Anna", "answer_start": 2}]},
        "at 2 the context has 'na m', not 'Anna'",
    ),
    (MC, {"question": "A metal?", "choices": ["iron"], "answer": "iron"}, "expected two or more different answers"),
    (
        MC,
        {"question": "A metal?", "choices": ["iron", "oak"], "answer": "tin"},
        "answer = 'tin' is none of the 2 choices",
    ),
    (
        MC,
        {"question": "Two and one?", "choices": ["1", "2", "3"], "answer": "1"},
        "answer = '1' is the text of choice 0 and the number of another",
    ),
    (RE, {"text": "<e1> </e1> made <e2>floods</e2>.", "relation": "Other"}, "marks nothing between <e1> and </e1>"),
    (TEXT, {"text": "good", "label": None}, "label is empty"),
    (TEXT, {"text": 5, "label": "yes"}, "text = 5 is no text"),
]  # fmt: skip


def written(tmp_path, rows, name="train.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tune(task, tmp_path, train, test=None):
    return tune_files(
        LabelledFiles(train, test=test), TuneSettings(task=task, epochs=1), tmp_path / "out", quiet=True
    )


@pytest.mark.parametrize(("task", "row", "says"), BAD)
def test_a_bad_row_is_refused_with_its_line(tmp_path, task, row, says):
    train = written(tmp_path, [*GOOD[task], row])
    with pytest.raises(DataError) as caught:
        tune(task, tmp_path, train)
    said = str(caught.value)
    assert says in said
    assert f"train.jsonl, line {len(GOOD[task]) + 1}" in said
    assert "\n" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("task", GOOD)
def test_columns_that_are_not_there_are_named_with_those_that_the_task_needs(tmp_path, task):
    train = written(tmp_path, [{"sentence": "x", "class": 1}])
    with pytest.raises(HeadwindsError) as caught:
        tune(task, tmp_path, train)
    assert "train.jsonl has no column" in str(caught.value)


@pytest.mark.parametrize(
    ("sentences", "said"),
    [
        ([2], "count 2 words, and there are 3"),
        ([2, 2], "count 4 words, and there are 3"),
        ([3, 0], "holds 0"),
        (["3"], "holds '3'"),
    ],
)
def test_sentences_that_do_not_count_the_tokens(tmp_path, sentences, said):
    row = {"tokens": ["Anna", "met", "Bob"], "tags": ["B-PER", "O", "B-PER"], "sentences": sentences}
    with pytest.raises(DataError, match=f"line 1: sentences {said}.*how many tokens each sentence has"):
        tune(NER, tmp_path, written(tmp_path, [row]))


def test_tags_and_tokens_of_different_number(tmp_path):
    train = written(tmp_path, [{"tokens": ["Anna", "met"], "tags": ["B-PER"]}])
    with pytest.raises(DataError, match=r"line 1: 2 tokens and 1 tags"):
        tune(NER, tmp_path, train)


@pytest.mark.parametrize(
    ("task", "row", "says"),
    [
        (TEXT, {"text": "so so", "label": "maybe"}, "label 'maybe' does not occur in training; known: no, yes"),
        (NER, {"text": "Rome fell.", "spans": [[0, 4, "LOC"]]}, "type 'LOC' does not occur in training; known: PER"),
        (RE, {"text": "<e1>A</e1> is <e2>B</e2>.", "relation": "Is(e1,e2)"}, "relation 'Is(e1,e2)' does not occur"),
    ],
)  # fmt: skip
def test_a_label_that_only_the_test_file_has(tmp_path, task, row, says):
    train, test = written(tmp_path, GOOD[task] * 3), written(tmp_path, [row], "test.jsonl")
    with pytest.raises(MismatchError) as caught:
        tune(task, tmp_path, train, test)
    assert says in str(caught.value)
    assert "test.jsonl, line 1" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_label_that_is_a_number_in_one_file_and_text_in_another(tmp_path):
    """1 and "1" and 1.0 are one label: what a CSV file cannot tell apart must not differ in JSON."""
    train = written(
        tmp_path,
        [{"text": f"good {n}", "label": 1} for n in range(6)]
        + [{"text": f"bad {n}", "label": 0} for n in range(6)],
    )
    test = tmp_path / "test.csv"
    test.write_text("text,label\ngood,1\nbad,0\n")
    found = tune(TEXT, tmp_path, train, test)
    assert found.evaluation.examples == 2


@pytest.mark.parametrize("task", ["text-classification", "dialogue"])
def test_a_cell_that_is_nested_without_end_is_refused_in_one_line(tmp_path, task):
    rows = {
        "text-classification": {"text": "good", "labels": "[" * 100_000},
        "dialogue": {"messages": "[" * 100_000},
    }
    with pytest.raises(DataError, match=r"line 1: .* too deep"):
        tune(task, tmp_path, written(tmp_path, [rows[task]]))


def test_the_command_names_a_near_task(tmp_path, capsys):
    assert (
        main(["tune", "--task", "relation-extractoin", "--train", "x.csv", "--output", str(tmp_path / "out")])
        == 2
    )
    assert "relation-extraction" in capsys.readouterr().err


def test_a_word_that_is_missing_from_a_list_is_told(tmp_path):
    good = {"tokens": ["Anna"], "tags": ["B-PER"]}
    with pytest.raises(DataError, match="line 2: tokens holds None, which is no word"):
        tune(NER, tmp_path, written(tmp_path, [good, {"tokens": ["met", None], "tags": ["O", "O"]}]))
