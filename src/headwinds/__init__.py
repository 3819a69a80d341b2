"""Headwinds: from documents to evidence about growth.

Importing it loads neither torch nor pandas: every name below is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwinds.adapt.fitted_model import load_model
    from headwinds.adapt.prediction import predict
    from headwinds.contracts import (
        Account,
        Codebook,
        Corpus,
        Estimate,
        Evaluation,
        Finding,
        Gold,
        Indicator,
        Panel,
    )
    from headwinds.doors import (
        check,
        evaluate_file,
        explain,
        explain_file,
        learning_curve,
        measure,
        measure_file,
        predict_file,
        report,
        run,
        score,
        score_file,
        search,
        settings,
        tune,
        tune_seeds,
    )
    from headwinds.errors import HeadwindsError

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(
        (
            "check",
            "evaluate_file",
            "explain",
            "explain_file",
            "learning_curve",
            "measure",
            "measure_file",
            "predict_file",
            "report",
            "run",
            "score",
            "score_file",
            "search",
            "settings",
            "tune",
            "tune_seeds",
        ),
        "headwinds.doors",
    ),
    **dict.fromkeys(
        ("Account", "Codebook", "Corpus", "Estimate", "Evaluation", "Finding", "Gold", "Indicator", "Panel"),
        "headwinds.contracts",
    ),
    "HeadwindsError": "headwinds.errors",
    "load_model": "headwinds.adapt.fitted_model",
    "predict": "headwinds.adapt.prediction",
}

__all__ = [
    "Account",
    "Codebook",
    "Corpus",
    "Estimate",
    "Evaluation",
    "Finding",
    "Gold",
    "HeadwindsError",
    "Indicator",
    "Panel",
    "check",
    "evaluate_file",
    "explain",
    "explain_file",
    "learning_curve",
    "load_model",
    "measure",
    "measure_file",
    "predict",
    "predict_file",
    "report",
    "run",
    "score",
    "score_file",
    "search",
    "settings",
    "tune",
    "tune_seeds",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'headwinds' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
