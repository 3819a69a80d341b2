"""The chapters of a study's report are written, and what the data do not allow is said and takes no other with it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headwinds.contracts import Indicator
from headwinds.explain import read_penn_world_table
from headwinds.explain.country_groups import OECD_38
from headwinds.phrases.catalogue import translate_list, translate_text
from headwinds.study.chapters import read_chapters
from headwinds.study.stages.explained_results import Evidence, write_chapters
from headwinds.study.study_file import change_settings, read_study

STUDY = Path(__file__).parents[2] / "studies" / "un-debates"
LABELS = ("driver", "innovation", "divide", "security", "adaptability", "social")


def index(countries, years) -> Indicator:
    draw = np.random.default_rng(4)
    cells = tuple((country, year) for country in countries for year in years)
    rows = len(cells) * len(LABELS)
    level = np.repeat(draw.uniform(0.05, 0.2, len(countries) * len(LABELS)), len(years))
    value = np.clip(level + 0.03 * draw.standard_normal(rows), 0, 1)
    variance = np.full(rows, 0.01**2)
    return Indicator(
        keys=("country", "year"),
        cells=cells * len(LABELS),
        labels=tuple(np.repeat(LABELS, len(cells))),
        value=value,
        sampling_variance=variance,
        audit_factor=np.zeros((rows, 0)),
        lower=value - 0.02,
        upper=value + 0.02,
        documents=np.full(rows, 3),
        passages=np.full(rows, 60),
        gold=np.zeros(rows, dtype=np.int64),
        pooled=("",) * rows,
        method="difference",
    )


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    panel = STUDY / "panel"
    return Evidence(
        settings=read_study(STUDY / "study.toml"),
        panel=read_penn_world_table(panel / "pwt10.01.csv.xz"),
        indicator=index(OECD_38, range(1990, 2020)),
        adoption=panel / "gapminder.csv.xz",
        graph=None,
    )


@pytest.fixture(scope="module")
def written(evidence, tmp_path_factory):
    """The chapters of the study in Chinese, and the reasons of those that could not be written."""
    folder = tmp_path_factory.mktemp("chapters")
    chinese = replace(evidence, settings=change_settings(evidence.settings, {"study.language": "zh"}))
    return write_chapters(chinese, folder), read_chapters(folder)


@pytest.mark.slow
def test_every_chapter_of_the_shipped_study_is_written_with_words_a_table_and_a_picture(written):
    reasons, chapters = written
    assert reasons == []
    assert [one.name for one in chapters] == [
        "1-divide", "2-break", "3-responses", "4-graph", "5-attribution",
    ]  # fmt: skip
    for one in chapters:
        assert one.sentences, one.name
        assert len(one.table), one.name
        assert one.svg.startswith(b"<?xml"), one.name
        assert one.png.startswith(b"\x89PNG"), one.name
    # Power comes before the estimate.
    assert chapters[-1].sentences[0].startswith("Computed before the estimate")
    # Whatever their values, headwinds are not ranked where no pair of them has an order; the joint part is told.
    told = next(sentence for sentence in chapters[-1].sentences if "W480" in sentence)
    assert "headwinds are not ranked" in told
    assert "Together they go with" in told
    parts = chapters[-1].table
    assert parts.loc[parts["part"] == "headwind", ["band_lower", "band_upper"]].notna().all(axis=None)
    assert parts.loc[parts["part"] == "joint", "value"].notna().all()


@pytest.mark.slow
def test_a_chinese_reader_finds_no_english_in_sentences_pictures_and_tables_but_names(written):
    """Names: of series and settings, and of the labels, which a Chinese study has in Chinese."""
    names = {
        *LABELS,
        "Nickell",
        "internet_users",
        "balanced=True",
        "absolute_gini",
        "gap_90_10",
        "sup-F",
        "UDmax",
        "hidden",
        "p",
    }
    names |= {"sup", "UDmax", "balanced", "True"}
    names |= {"growth", "technology"}  # nodes of the graph, as `hold_fixed` names them
    for one in written[1]:
        told = [translate_text(said, "zh") for said in one.sentences]
        drawn = re.findall(r"<text[^>]*>([^<]+)</text>", one.svg.decode("utf-8"))
        cells = [value for name in one.table for value in one.table[name] if isinstance(value, str)]
        for text in (*told, *drawn, *(translate_list(cell, "zh") for cell in cells)):
            left = {word for word in re.findall(r"[A-Za-z][A-Za-z_\d]+", text) if not word.isupper()} - names
            assert not left, (one.name, text)
        assert any(re.search("[\u4e00-\u9fff]", text) for text in drawn), one.name


def test_a_chapter_that_could_not_be_written_says_why_in_chinese():
    from headwinds.contracts import Finding
    from headwinds.report.localised import in_words

    reason = "No entity has growth and indices in both spans. Choose spans that the panel covers."
    title = "How much of the slowdown goes with which headwind"
    (told,) = in_words([Finding("N405", f"{title}: not available. {reason}")], "zh")
    assert told.sentence == (
        "增长放缓中有多少与哪种逆风相伴：没有。没有主体在两个年段都有增长和指数。请选面板数据所含的年段。"
    )


def test_a_chapter_that_the_data_do_not_allow_is_said_and_the_others_stand(evidence, tmp_path):
    nobody = replace(evidence, panel=replace(evidence.panel, data=evidence.panel.data.iloc[:0]))
    asked = replace(evidence.settings, explain=replace(evidence.settings.explain, graph=""))
    reasons = write_chapters(replace(nobody, settings=asked), tmp_path)
    assert len(reasons) == 1
    assert reasons[0].startswith("When growth changed across the OECD: not available.")
    assert [one.name for one in read_chapters(tmp_path)] == ["1-divide"]
