"""The Chinese study says everything in Chinese: on the page, in the brief, on the terminal."""

from __future__ import annotations

import re
import sys

import chinese
import pytest

import headwinds
from adapt.tiny import make_checkpoint
from headwinds.drawing.glyphs import family_with_glyphs
from headwinds.study.study_file import change_settings, read_study

pytestmark = pytest.mark.slow  # a whole study, cut small, is run once for all of them


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A finished run of the cut study, and what it said on the way."""
    folder = tmp_path_factory.mktemp("zh")
    study = read_study(chinese.cut_study(folder / "study"))
    # The default's tokenizer, on which W680 depends, with a network that takes seconds.
    make_checkpoint(folder / "模型", positions=512)
    quick = change_settings(
        study, {"tune.checkpoint": "模型", "tune.epochs": 1, "tune.folds": 2, "report.passages_a_point": 2}
    )
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "stderr", type("Told", (), {"write": told.append, "flush": int, "isatty": bool})())
        run = headwinds.run(quick, output=folder / "run", brief=True)
    return run, "".join(told)


@pytest.fixture(scope="module")
def page(ran):
    return (ran[0].results["report"].path / "report.html").read_text(encoding="utf-8")


def test_no_english_is_left_on_the_page(page):
    assert chinese.english(chinese.seen(page)) == []


def test_no_english_is_left_in_the_brief(ran):
    brief = (ran[0].results["brief"].path / "brief.html").read_text(encoding="utf-8")
    assert chinese.english(chinese.seen(brief)) == []


def test_no_english_is_left_on_the_terminal(ran):
    assert chinese.english(ran[1]) == []
    assert "检查：完成" in ran[1]


def test_the_scan_finds_english_where_there_is_some():
    assert chinese.english("W110 标签 has 3 gold positives") == ["gold", "has", "positives"]
    assert chinese.english("见 tables/x.csv，F1，W110，`limits`") == []


def test_page_and_brief_hold_no_mojibake(ran, page):
    brief = (ran[0].results["brief"].path / "brief.html").read_text(encoding="utf-8")
    for text in (page, brief):
        assert text.count('lang="zh"') >= 1
        assert not set("\ufffd锟斤拷") & set(text)
        assert "&#" not in text.replace("&#34;", "").replace("&#39;", "")


def test_the_reader_is_told_how_much_of_the_texts_the_model_cannot_read(ran):
    found = [finding for finding in ran[0].checked.findings if finding.code == "W680"]
    assert len(found) == 1
    share = int(found[0].sentence.split("%")[0])
    assert 40 < share < 80
    assert "读不出" in found[0].in_language("zh").sentence


def test_figures_have_their_characters_or_leave_them_to_the_reader(ran):
    """In SVG texts stay texts, drawn by the reader's own fonts; the PNG needs a font of this machine."""
    figures = sorted((ran[0].results["report"].path / "figures").glob("*.svg"))
    texts = {path.stem: path.read_text("utf-8") for path in figures}
    chinese_texts = [text for text in texts.values() if re.search(r"<text[^>]*>[^<]*[\u4e00-\u9fff]", text)]
    assert len(chinese_texts) > 10
    family = family_with_glyphs()
    assert all(family in text for text in chinese_texts if family)


def test_a_machine_without_such_a_font_is_told_once_and_shows_no_boxes(ran, monkeypatch):
    from headwinds.report.from_study import gather

    assert "W682" not in {finding.code for finding in gather(ran[0]).findings} or not family_with_glyphs()
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", list)
    told = [finding for finding in gather(ran[0]).findings if finding.code == "W682"]
    assert len(told) == 1
    assert "Noto Sans CJK" in told[0].in_language("zh").remedy
