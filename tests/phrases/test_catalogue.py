"""Every finding that the package can make has a translation, and its numbers survive it."""

from __future__ import annotations

import ast
import re

import pytest

from headwinds.contracts import Finding
from headwinds.corpus.reading import Columns, read_corpus
from headwinds.phrases.catalogue import ERRORS, phrases, say, speaking, translate
from house.repository import SOURCE
from phrases.printed import local_names, texts_of

MADE_OF_WORDS = {  # a word of few fills the gap
    "For 17 17 of 17 texts were drawn.": (
        "For changes 17 of 18 texts were drawn.",
        "For explanations 17 of 18 texts were drawn.",
        "For swaps of gender 17 of 18 texts were drawn.",
    ),
    "Entities only in the 17 panel (17): 17.": ("Entities only in the first panel (17): A.",),
    "Entities only in the 17 panel (17): 17, ....": ("Entities only in the second panel (17): A, ....",),
}


def sentences():
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                for given in node.args[1:3]:
                    for text in texts_of(given, local_names(tree, node)):
                        if re.search("[a-z]{3}", text.removeprefix("Estimator: ")):
                            yield path.relative_to(SOURCE), node.lineno, text


def test_every_finding_has_a_translation():
    found = list(sentences())
    assert len(found) > 300
    missing = [(str(path), line, text) for path, line, text in found if translate(text, "zh") == text]
    assert [one for one in missing if one[2] not in MADE_OF_WORDS] == []
    assert [one for words in MADE_OF_WORDS.values() for one in words if translate(one, "zh") == one] == []


def test_every_assumption_and_reason_of_an_estimator_has_a_translation():
    from headwinds.measure.registry import ESTIMATORS, assumption

    for name in ESTIMATORS:
        assert translate(name, "zh") != name
        assert translate(assumption(name), "zh") != assumption(name)


def test_gaps_are_kept_and_none_is_invented():
    for phrase in phrases("zh"):
        gaps = set(re.findall(r"\{(\w+)\}", phrase.english))
        assert set(re.findall(r"\{(\w+)\}", phrase.translation)) == gaps, phrase.english


def test_numbers_and_names_survive_and_lists_are_translated_part_by_part():
    finding = Finding("W110", "Label 推动 has 10 gold positives.", "A model can hardly learn it; label more.")
    assert finding.in_language("zh").sentence == "标签“推动”有 10 个正例。"
    assert finding.in_language("en") == finding
    listed = "probabilities are off in 2 of 6 pairs of label and period that could be tested (Holm's adjustment), most "
    listed += "'创新' in 1954 by -0.112 (predicted 0.161, found 0.049); '适应' in 1979 by +0.1 (predicted 0.2, found 0.3)."
    told = translate(listed, "zh")
    assert "“创新”在 1954 偏差 -0.112（预测 0.161，实际 0.049）；“适应”在 1979" in told
    assert not re.search("[a-z]{2}", told)


BAD_LINES = {
    "a.csv": 'id,t,w\np1,good,1\np2\np3,a\np4,a,1,2\np5,a\0,1\np1,a,1\np6,,1\np7,a,much\np8,a,-1\n"open\n',
    "a.jsonl": '{"id": "p1", "t": "good", "w": 1}\n3\n{"\n'
    + "[" * 100_000
    + "\n"
    + '{"id": [], "t": "a"}\n{"id": "p2", "t": 3}\n{"id": "p3", "t": "\\ud800"}\n{"id": "p\\u0000", "t": "a"}\n',
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_why_rows_were_refused_is_told_too(name, tmp_path):
    (tmp_path / name).write_text(BAD_LINES[name], encoding="utf-8")
    corpus = read_corpus(tmp_path / name, Columns("id", "", "t", "w"), on_bad_rows="refuse")
    reasons = [one.reason for one in corpus.refused]
    assert len(reasons) == BAD_LINES[name].count("\n") - (2 if name == "a.csv" else 1)
    for reason in reasons:
        told = translate(
            f"Rows that were refused: 1,002 of 3,000 (1,000 times: {reason}; once: t is empty).", "zh"
        )
        assert told.startswith("3,000 行中有 1,002 行被拒绝（1,000 次："), told
        assert told.endswith("；1 次：t 是空的）。"), told
        error = translate(f"a: 8 of 9 rows cannot be read: line 2: {reason}; and 5 more.", "zh", ERRORS)
        for text in (told, error.removeprefix("a：")):
            rest = re.sub(r"CSV|JSON|NUL|\b(id|t|w|p1|list|int)\b|（[A-Z].*?）|'.*?'", "", text)
            assert not re.search("[a-zA-Z]", rest), text


@pytest.mark.parametrize("text", ["", "Nobody has translated this.", "{curly} {0}", "标签"])
def test_what_the_catalogue_lacks_stays_as_it_is(text):
    assert translate(text, "zh") == text
    assert translate(text, "xx") == text


@pytest.mark.parametrize(
    "line",
    [
        "  tune fold 2 of 3: 114 of 440, epoch 11, loss 0.153, 14,476 tokens/s, 43 s left",
        "  tune fold 3 of 3: 440 of 440, best validation score 0.285, 0 s left",
        "  evaluate folds: 3 of 3, fold of test passages, and its baselines, 0 s left",
        "  score passages: 1,024 of 6,857, 25 passages/s, 230 s left",
        "tuned model: macro F1 0.423 (0.331 to 0.502), average precision 0.512",
        "tuned model: macro F1 not available, average precision not available",
    ],
)
def test_a_line_of_progress_is_translated_whole(line):
    with speaking("zh"):
        told = say(line)
    assert not re.search("[a-z]{2}", told)
    numbers = [sorted(re.findall(r"(?<!F)\d[\d.,]*", text)) for text in (line.replace(", ", " "), told)]
    assert numbers[0] == numbers[1]


def test_only_who_speaks_a_language_says_it():
    line = "measure: done in 1.0 s"
    assert say(line) == line
    with speaking("zh"):
        assert say(line) == "测量：完成，用时 1.0 秒"
    assert say(line) == line


def test_what_a_report_says_of_growth_has_a_translation():
    from headwinds.report.from_explain import BORROWED, regression_facts

    assert translate(BORROWED, "zh") != BORROWED
    facts = {"design": {"rows": 1200, "dropped": 30, "lag": 1}, "naive": None, "corrected": None}
    facts["tables"] = {"minimum_detectable_effects": None}
    told = translate(regression_facts(facts).sentences[0], "zh")
    assert "1,200 个国家—年份" in told
    assert "一年前" in told
