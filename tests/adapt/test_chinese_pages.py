"""A test made while Chinese is spoken is told in Chinese; its numbers, and the model, are those that an English one has."""

from __future__ import annotations

import pytest

from adapt.tiny import make_checkpoint
from headwinds.adapt.audit import attributions
from headwinds.adapt.fitted_model import load_model
from headwinds.cli.main import main
from headwinds.phrases.catalogue import speaking
from house.repository import ROOT
from phrases.chinese_pages import english, english_of_a_test, seen

TRAIN, TEST = (str(ROOT / "examples" / f"intents-{name}.csv") for name in ("train", "test"))
TEXT = "my card has not arrived"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


def tune(checkpoint, output, language, *more):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWINDS_LANGUAGE", language)
        asked = ["tune", "--task", "text-classification", "--train", TRAIN, "--test", TEST, "--quiet"]
        asked += ["--set", "tune.epochs=1", "--checkpoint", str(checkpoint), "--output", str(output), *more]
        assert main(asked) == 0
    return output


@pytest.fixture(scope="module")
def both(checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    return [tune(checkpoint, folder / name, name) for name in ("en", "zh")]


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", "stage.json")
    }


def test_the_language_changes_pages_and_nothing_else(both):
    english_one, chinese_one = (files(folder / "evaluation") for folder in both)
    assert {name for name in english_one if english_one[name] != chinese_one[name]} == {
        "card.md",
        "report.html",
    }
    assert '<html lang="en">' in english_one["report.html"].decode()
    assert '<html lang="zh">' in chinese_one["report.html"].decode()
    assert files(both[0] / "model") == files(both[1] / "model")  # no digest of a model hangs on a language


def test_the_same_test_in_another_language_has_the_bytes_of_one_that_was_made_in_it(both, checkpoint):
    english_one, chinese_one = both
    made = files(chinese_one / "evaluation")
    tune(checkpoint, english_one, "zh")
    assert files(english_one / "evaluation") == made
    tune(checkpoint, english_one, "en")
    assert files(english_one / "evaluation") != made


def test_no_english_is_left_where_two_models_are_compared_by_the_values_of_a_column(
    both, tmp_path, monkeypatch
):
    monkeypatch.setenv("HEADWINDS_LANGUAGE", "zh")
    asked = ["evaluate", "--model", str(both[0]), "--test", TEST, "--against", str(both[1])]
    assert main([*asked, "--slices", "label", "--output", str(tmp_path)]) == 0
    folder = tmp_path / "evaluation"
    assert english_of_a_test(both[0] / "model", folder, "label") == []
    page, card = ((folder / name).read_text(encoding="utf-8") for name in ("report.html", "card.md"))
    for text in (page, card):
        assert "减去另一模型" in text
        assert "宏平均 F1" in text
        assert not set("\ufffd锟斤拷") & set(text)


def test_a_search_page_holds_no_english_but_names_of_settings(checkpoint, tmp_path):
    tune(checkpoint, tmp_path, "zh", "--search", "2", "--space", "learning_rate=1e-4..1e-3")
    page = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert '<html lang="zh">' in page
    assert english(seen(page), "learning_rate") == []
    assert "各次试验的验证得分" in page
    assert '"state": "complete"' in (tmp_path / "search.json").read_text(encoding="utf-8")


def test_an_explanation_in_a_notebook_speaks_the_language_that_is_spoken(both):
    model = load_model(both[0] / "model")
    with speaking("zh"):
        shown = attributions(model, TEXT).to_html()
    assert english(seen(shown), " ".join([*model.facts.labels, TEXT])) == []
