"""The chapters of a study's report are written, and what the data do not allow is said and takes no other with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headwinds.contracts import Indicator
from headwinds.explain import read_penn_world_table
from headwinds.explain.country_groups import OECD_38
from headwinds.study.chapters import read_chapters
from headwinds.study.stages.explained_results import Evidence, write_chapters
from headwinds.study.study_file import read_study

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


@pytest.mark.slow
def test_every_chapter_of_the_shipped_study_is_written_with_words_a_table_and_a_picture(evidence, tmp_path):
    assert write_chapters(evidence, tmp_path) == []
    chapters = read_chapters(tmp_path)
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


def test_a_chapter_that_the_data_do_not_allow_is_said_and_the_others_stand(evidence, tmp_path):
    nobody = replace(evidence, panel=replace(evidence.panel, data=evidence.panel.data.iloc[:0]))
    asked = replace(evidence.settings, explain=replace(evidence.settings.explain, graph=""))
    reasons = write_chapters(replace(nobody, settings=asked), tmp_path)
    assert len(reasons) == 1
    assert reasons[0].startswith("When growth changed across the OECD: not available.")
    assert [one.name for one in read_chapters(tmp_path)] == ["1-divide"]
