"""Remote work and wages: 16,315 job ads of San Diego, NAICS 72 (Hansen et al. 2023), as corrected by Battaglia et al. 2024.

Published numbers: the notebook of the authors' package ValidMLInference (MIT, Copyright 2025 kurczynsk1), whose data
`data/remote_work.csv.xz` holds (salary, predicted label, occupation, kind of employment). Their audit: of 1,000 ads 26 were
called remote, 9 of them wrongly.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headwinds.explain import bias_corrected_regression, one_step_likelihood, predicted_regressor

DATA = Path(__file__).parent / "data" / "remote_work.csv.xz"
EFFECTS = ("soc_2021_2", "employment_type_name")
AUDIT = pd.DataFrame({"predicted": [1, 1, 0], "true": [1, 0, 0], "count": [17, 9, 974]})


@pytest.fixture(scope="module")
def ads() -> pd.DataFrame:
    frame = pd.read_csv(DATA)
    return frame.assign(salary=np.log(frame["salary"]))


@pytest.mark.parametrize(
    ("effects", "naive", "naive_error", "corrected", "corrected_error"),
    [((), 0.648514, 0.024911, 1.052442, 0.140035), (EFFECTS, 0.363921, 0.021544, 0.641276, 0.099605)],
    ids=["alone", "with effects"],
)
def test_published_slopes_and_errors_naive_and_corrected(
    ads, effects, naive, naive_error, corrected, corrected_error
):
    result = bias_corrected_regression(
        ads, outcome="salary", label="wfh_wham", false_positive_rate=0.009, audited=1000, effects=effects
    )
    assert result.naive.value[0] == pytest.approx(naive, abs=1e-5)
    assert result.naive.standard_error[0] == pytest.approx(naive_error, abs=1e-5)
    assert result.corrected.value[0] == pytest.approx(corrected, abs=1e-4)
    assert result.corrected.standard_error[0] == pytest.approx(corrected_error, abs=1e-4)


def test_the_one_step_likelihood_goes_the_other_way_as_published(ads):
    """0.486142 (0.008413): the two corrections disagree, so neither is shown alone."""
    found = one_step_likelihood(ads, outcome="salary", label="wfh_wham")
    assert found.value[0] == pytest.approx(0.486142, abs=1e-5)
    assert found.standard_error[0] == pytest.approx(0.008413, abs=1e-5)


def test_with_effects_the_one_step_likelihood_ends_near_the_published_slope(ads):
    """0.289357 (0.010856) is where their optimiser stopped; the maximum is 0.0007 further."""
    found = one_step_likelihood(ads, outcome="salary", label="wfh_wham", effects=EFFECTS)
    assert found.value[0] == pytest.approx(0.289357, abs=1e-3)
    assert found.standard_error[0] == pytest.approx(0.010856, abs=1e-4)


def test_the_audits_own_rates_give_nearly_the_published_correction_without_effects(ads):
    """PPV 17/26 and no miss among 974 read as if they had been: 0.6485 / (17/26)."""
    result = predicted_regressor(ads, AUDIT, outcome="salary", label="wfh_wham")
    assert result.corrected.value[0] == pytest.approx(0.648514 * 26 / 17, abs=1e-5)
    assert result.corrected.value == pytest.approx(result.others[0].value, rel=1e-9)
