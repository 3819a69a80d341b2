"""Posteriors of QuaPy's BayesianCC for a few tables of counts, as the test's fixture.

It needs ``pip install "quapy[bayes]==0.2.3" jax==0.4.38 jaxlib==0.4.38 numpyro==0.16.1`` in an environment of its own: that
extra asks for a setuptools that is older than ours, brings PyStan, and its sampler does not run with JAX 0.10.

    python scripts/quapy_posteriors.py tests/measure/quapy_posteriors.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CASES = (
    # gold without the label: decided no, yes; gold with it: no, yes; the set: no, yes
    ((180, 20), (15, 85), (620, 380)),
    ((45, 5), (6, 14), (150, 50)),
    ((30, 10), (4, 16), (190, 10)),
    ((9, 6), (2, 8), (40, 60)),
)
LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)


def posterior(case: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """Mean, standard deviation and quantiles of the share."""
    import numpy as np
    from quapy.method import _bayesian

    samples = _bayesian.sample_posterior_bayesianCC(
        np.array(case[2], dtype=float),
        np.array(case[:2], dtype=float),
        num_warmup=2000,
        num_samples=60_000,
        alpha=np.ones(2),
        seed=0,
    )
    share = np.asarray(samples[_bayesian.P_TEST_Y])[:, 1].astype(float)
    return {
        "gold": [list(row) for row in case[:2]],
        "set": list(case[2]),
        "mean": round(float(share.mean()), 5),
        "standard_deviation": round(float(share.std()), 5),
        "quantiles": {str(level): round(float(np.quantile(share, level)), 5) for level in LEVELS},
    }


def main() -> None:
    """Write the fixture."""
    from importlib.metadata import version

    made = {
        "made_by": f"scripts/quapy_posteriors.py with QuaPy {version('quapy')}, 60,000 draws a case",
        "cases": [posterior(case) for case in CASES],
    }
    Path(sys.argv[1]).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
