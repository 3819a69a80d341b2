"""An index shows itself as every result does, and comes back from the disk as it went."""

from __future__ import annotations

import json
import string
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.contracts.finding import Finding
from headwinds.errors import ArtifactError, DataError
from headwinds.measure import (
    growth,
    indicator_document,
    indicator_of,
    read_indicator,
    rebase,
    write_indicator,
)
from measure.indicators import make_indicator

words = st.text(string.ascii_letters + "äé 中", min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    audit=st.integers(0, 3),
    model=st.integers(0, 3),
    berkson=st.booleans(),
    missing=st.lists(st.integers(0, 39), max_size=4),
    derived=st.booleans(),
    keys=st.sampled_from([("country", "year"), ("label", "value"), ("method", "unit")]),
    finding=words,
    unit=words,
)
def test_what_is_written_is_read_back_equal(
    tmp_path_factory, seed, audit, model, berkson, missing, derived, keys, finding, unit
):
    index = make_indicator(audit=audit, model=model, berkson=berkson, seed=seed, missing=tuple(missing))
    index = growth(index, "year") if derived else index
    index = replace(
        index, keys=keys, findings=(Finding("W301", finding, ""),), provenance={finding: unit}, unit=unit
    )
    if model:
        count = len(dict.fromkeys(index.labels))
        index = replace(index, label_correlation=0.3 + 0.7 * np.eye(count))
    folder = tmp_path_factory.mktemp("index")
    write_indicator(index, folder)
    back = read_indicator(folder)
    assert back.equals(index)
    assert index.equals(back)
    assert not replace(back, value=back.value + 1).equals(index)


def test_an_index_without_keys_or_rows_is_read_back_equal(tmp_path):
    whole = make_indicator(countries=1, years=1, labels=3)
    whole = replace(whole, keys=(), cells=((),) * 3)
    write_indicator(whole, tmp_path)
    assert read_indicator(tmp_path).equals(whole)
    told = replace(whole, label_correlation=0.2 + 0.8 * np.eye(3))
    assert indicator_of(json.loads(json.dumps(indicator_document(told)))).equals(told)
    short = {**indicator_document(told), "label_correlation": [[1.0, 0.2]]}
    with pytest.raises(DataError, match="label_correlation has 1 entries, expected 3, one a label"):
        indicator_of(short)


def test_what_an_older_version_wrote_is_still_read(tmp_path):
    index = make_indicator(model=0)
    write_indicator(index, tmp_path)
    facts = json.loads((tmp_path / "indicator.json").read_text())
    del facts["shared"], facts["unit"]
    (tmp_path / "indicator.json").write_text(json.dumps(facts))
    back = read_indicator(tmp_path)
    assert back.equals(index)
    assert back.model_factor is None


def test_a_factor_that_is_lost_or_cut_is_an_error(tmp_path):
    index = make_indicator(model=2)
    write_indicator(index, tmp_path)
    path = tmp_path / "model_factor.parquet"
    pq.write_table(pq.read_table(path).slice(0, 3), path)
    with pytest.raises(ArtifactError, match="3 rows"):
        read_indicator(tmp_path)
    path.unlink()
    with pytest.raises(ArtifactError, match="missing or damaged"):
        read_indicator(tmp_path)


def test_the_table_says_where_the_error_comes_from():
    index = make_indicator(model=2)
    table = index.table
    np.testing.assert_allclose(
        table["standard_error"] ** 2,
        table["sampling_error"] ** 2 + table["audit_error"] ** 2 + table["model_error"] ** 2,
    )
    assert list(table.columns[:2]) == ["country", "year"]
    assert make_indicator().table["model_error"].isna().all()
    assert "not known (one fit)" in make_indicator().summary()
    assert "N303" in index.summary()
    assert "<table" in index.to_html()
    assert "tabular" in index.to_latex()


@pytest.mark.parametrize(
    ("countries", "years", "model"), [(1, 1, 0), (1, 6, 2), (3, 6, 0), (3, 6, 2), (30, 1, 2)]
)
def test_every_index_can_be_drawn(countries, years, model):
    from headwinds.drawing.canvas import to_bytes

    index = make_indicator(countries=countries, years=years, labels=2, model=model, missing=(0,))
    figure = index.plot()
    assert len(figure.axes) == 2
    svg, _ = to_bytes(figure)
    assert (b"with model" in svg) == bool(model)


def test_the_outermost_band_is_the_interval():
    index = make_indicator(countries=1, years=6, labels=1, model=2, symmetric=False)
    axes = index.plot().axes[0]
    edges = [np.concatenate([path.vertices for path in band.get_paths()])[:, 1] for band in axes.collections]
    widest = max(edges, key=lambda edge: edge.max() - edge.min())
    assert widest.max() == pytest.approx(index.upper.max())
    assert widest.min() == pytest.approx(index.lower.min())
    assert len(axes.collections) == 3


def test_an_index_with_a_base_is_drawn_and_told_in_its_unit():
    made = rebase(make_indicator(countries=1, years=5, labels=1), "year", 2000)
    assert made.plot().axes[0].get_ylabel() == "index, base = 100"
    assert "N342" in made.summary()
