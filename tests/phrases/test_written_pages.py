"""Whatever stands on a page that is written of a test, an audit or a search can be read in Chinese."""

from __future__ import annotations

import ast
import re

import pytest

from headwinds.phrases.catalogue import (
    TERMINAL,
    WRITTEN,
    phrase_files,
    phrases,
    read_phrases,
    speaking,
    written,
)
from house.repository import SOURCE
from phrases.printed import GAP, functions, local_names, sentences_of, texts_of

PAGES = (
    "adapt/audit/page.py",
    "adapt/audit/pictures.py",
    "adapt/evaluation/model_card.py",
    "adapt/evaluation/shown.py",
    "adapt/evaluation/task_page.py",
    "adapt/search/outcome.py",
)
TELLING = ("written", "heading", "note", "table", "_head", "_told", "_sentence", "_table")
"""What puts a word or a sentence into the language that is spoken."""

MADE_OF_WORDS = {  # a word of few fills the gap, or a sentence that is made elsewhere
    "17 examples are 17": ("17 examples are wrong", "17 examples are predicted wrongly"),
    "17 example is 17": ("17 example is wrong", "17 example is predicted wrongly"),
    "1717. The first 17 of 17 are shown; audit.json has them all.": (
        "Joint intervals hold for all 17 comparisons of the table at once (bootstrap, largest |t|). "
        "The first 17 of 17 are shown; audit.json has them all.",
        "Joint intervals hold for all 17 comparisons of the table at once (bootstrap, largest |t|).",
    ),
}


def in_chinese(text):
    with speaking("zh"):
        return written(text)


def told_in(path):
    """What a module tells: the texts that it gives to one of `TELLING`, headings of tables too."""
    tree = ast.parse((SOURCE / path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TELLING:
            known = local_names(tree, node)
            for given in node.args:
                for one in given.elts if isinstance(given, ast.Tuple) else [given]:
                    if isinstance(one, (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Name)):
                        yield from ((node.lineno, text) for text in texts_of(one, known))


def words_between_tags(text):
    """The words of a piece of a page that stand in no gap; those of an attribute that is read aloud too."""
    said = re.findall(r'(?:aria-label|alt|title)="([^"]*)"', text)
    return [word for one in (*said, re.sub(r"<[^<>]*>", " ", text)) for word in re.findall("[a-z]{2,}", one)]


def is_said(text):
    return bool(re.search("[a-z]{2}", text.replace(GAP, ""))) and "class=" not in text


@pytest.mark.parametrize("path", PAGES)
def test_every_sentence_and_every_heading_of_a_page_has_a_translation(path):
    found = list(told_in(path))
    missing = [(line, text) for line, text in found if is_said(text) and in_chinese(text) == text]
    assert [one for one in missing if one[1] not in MADE_OF_WORDS] == []
    assert len(found) > 5 or path.endswith(("pictures.py", "shown.py"))


@pytest.mark.parametrize("path", PAGES)
def test_no_word_stands_between_the_tags_of_a_page_untold(path):
    texts = [
        (line, text)
        for name, node in functions(path)
        for line, several in sentences_of(node)
        for text in several
    ]
    assert [(line, text) for line, text in texts if "<" in text and words_between_tags(text)] == []
    # What has no tag is a sentence, wherever it is put in.
    bare = [(line, text) for line, text in texts if "<" not in text and is_said(text)]
    assert [one for one in bare if in_chinese(one[1]) == one[1] and one[1] not in MADE_OF_WORDS] == []


def test_a_gap_that_a_word_fills_takes_each_of_them():
    assert [one for words in MADE_OF_WORDS.values() for one in words if in_chinese(one) == one] == []


def test_the_check_finds_a_sentence_that_nobody_translated():
    assert words_between_tags("<p>It errs.</p>") == ["errs"]
    assert words_between_tags('<svg aria-label="by trial"></svg>') == ["by", "trial"]
    assert words_between_tags('<th scope="col">17</th>') == []
    assert in_chinese("It errs on Mondays.") == "It errs on Mondays."


def test_gaps_are_kept_no_sentence_stands_twice_and_each_comes_back_as_its_own():
    entries = [
        one
        for book in (WRITTEN, TERMINAL, "")
        for file in phrase_files("zh", book)
        for one in read_phrases(file)
    ]
    english = [one["english"] for one in entries]
    assert sorted({one for one in english if english.count(one) > 1}) == []
    for phrase in phrases("zh", WRITTEN):
        gaps = [set(re.findall(r"\{(\w+)\}", one)) for one in (phrase.english, phrase.translation)]
        assert gaps[0] == gaps[1], phrase.english
    wrong = []
    for file in phrase_files("zh", WRITTEN):
        for one in read_phrases(file):
            values = dict.fromkeys(re.findall(r"\{(\w+)\}", one["english"]), GAP)
            said, meant = one["english"].format(**values), one["translation"].format(**values)
            if in_chinese(said) != meant:
                wrong.append((said, in_chinese(said), meant))
    assert wrong == []
