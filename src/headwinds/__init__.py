"""Headwinds: from documents to evidence about growth.

Importing it loads neither torch nor pandas: every name below is loaded when it is first used. The wings have more to give,
in the same way: `headwinds.measure` and `headwinds.explain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

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
    from headwinds.doors.annotating import open_annotation
    from headwinds.doors.auditing import audit
    from headwinds.doors.continual import update, watch
    from headwinds.doors.growth import explain_file
    from headwinds.doors.inspecting import doctor
    from headwinds.doors.measuring import measure_file
    from headwinds.doors.models import (
        evaluate_file,
        predict_file,
        score_file,
        search,
        tune,
        tune_seeds,
    )
    from headwinds.doors.pretraining import pretrain
    from headwinds.doors.registering import open_registry
    from headwinds.doors.serving import serve_models
    from headwinds.doors.studies import run, settings
    from headwinds.errors import HeadwindsError

__version__ = "0.1.0"

_HOMES = {
    "headwinds.adapt.fitted_model": ("load_model",),
    "headwinds.adapt.prediction": ("predict",),
    "headwinds.contracts": (
        "Account",
        "Codebook",
        "Corpus",
        "Estimate",
        "Evaluation",
        "Finding",
        "Gold",
        "Indicator",
        "Panel",
    ),
    "headwinds.doors.annotating": ("open_annotation",),
    "headwinds.doors.auditing": ("audit",),
    "headwinds.doors.continual": ("update", "watch"),
    "headwinds.doors.growth": ("explain_file",),
    "headwinds.doors.inspecting": ("doctor",),
    "headwinds.doors.measuring": ("measure_file",),
    "headwinds.doors.models": (
        "evaluate_file",
        "predict_file",
        "score_file",
        "search",
        "tune",
        "tune_seeds",
    ),
    "headwinds.doors.pretraining": ("pretrain",),
    "headwinds.doors.registering": ("open_registry",),
    "headwinds.doors.serving": ("serve_models",),
    "headwinds.doors.studies": ("run", "settings"),
    "headwinds.errors": ("HeadwindsError",),
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
    "audit",
    "doctor",
    "evaluate_file",
    "explain_file",
    "load_model",
    "measure_file",
    "open_annotation",
    "open_registry",
    "predict",
    "predict_file",
    "pretrain",
    "run",
    "score_file",
    "search",
    "serve_models",
    "settings",
    "tune",
    "tune_seeds",
    "update",
    "watch",
]

__getattr__, __dir__, _ = lazy_names("headwinds", _HOMES)
