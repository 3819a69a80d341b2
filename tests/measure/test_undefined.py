"""Where nothing can be known of an error it is not available and said to be, and never zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headwinds.measure import estimate_shares, make_cells, make_frame
from headwinds.measure.registry import ESTIMATORS


def frame(*, passages=60, gold=20, documents=None, truth=None, score=None, years=1):
    """One stratum; labels and scores are a half of each unless given."""
    rng = np.random.default_rng(3)
    held = np.arange(passages) % 2 == 0 if truth is None else np.full(passages, truth)
    probability = np.clip(0.3 + 0.4 * held + 0.2 * rng.standard_normal(passages), 0.01, 0.99)
    probability = probability if score is None else np.full(passages, score)
    rows = np.arange(gold)
    return make_frame(
        document_ids=np.arange(passages) if documents is None else np.arange(passages) % documents,
        strata=np.full(passages, "all"),
        keys={"year": 2000 + np.arange(passages) % years},
        weight=np.full(passages, 2.0),
        probability=probability[:, None],
        label=probability[:, None] >= 0.5,
        gold_rows=rows,
        gold_labels=held[rows][:, None],
        inclusion_probability=np.full(gold, gold / (2.0 * passages)),
        label_names=("tech",),
    )


CASES = {
    "one gold label": {"gold": 1},
    "two gold labels that agree": {"gold": 2, "truth": True},
    "one document": {"documents": 1},
    "labels all alike": {"truth": False},
    "scores all alike": {"score": 0.5},
    "labels and scores all alike": {"truth": True, "score": 1.0},
    "a passage a cell": {"passages": 30, "years": 30, "gold": 20},
    "one passage": {"passages": 1, "gold": 1},
    "a passage and a gold label a cell": {"passages": 20, "years": 20, "gold": 20},
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_cells_too_thin_for_an_interval_are_said_with_the_index_that_they_are_of(name):
    made = frame(**CASES["a passage a cell"])
    found = estimate_shares(made, make_cells(made, ("year",)), name, on_drift="ignore")
    said = [finding.sentence for finding in found.findings if finding.code == "W301"]
    assert said
    assert all("cells by year" in sentence for sentence in said)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_known_is_not_available_with_a_code_and_never_zero(name, case):
    made = frame(**CASES[case])
    cells = make_cells(made, ("year",))
    found = estimate_shares(made, cells, name, on_drift="ignore")
    variance, width = found.variance, found.upper - found.lower
    assert not (variance == 0).any()
    assert not (width <= 0).any()
    undefined = np.isnan(variance) | np.isnan(width)
    if undefined.any():
        assert any(finding.code.startswith("W") for finding in found.findings), found.findings
    assert not (np.isfinite(width) & np.isnan(variance)).any()


def test_a_cell_that_was_read_whole_is_known():
    """The one case in which an error of zero is right: every passage of the population was scored and read."""
    made = frame(passages=20, gold=20)
    known = replace(made, weight=np.ones(20), inclusion_probability=np.ones(20))
    found = estimate_shares(known, make_cells(known, ()), "labelled-only")
    assert found.value[0] == pytest.approx(0.5)
    assert found.upper[0] - found.lower[0] == pytest.approx(0.0, abs=1e-12)
