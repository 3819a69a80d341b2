"""Libraries that only some parts need: there, or one line that says how to get them."""

from __future__ import annotations

import importlib.util

from headwinds.errors import SettingsError

NEEDED = {
    "sqlalchemy": ("annotate", "for the database of labels or of models"),
    "starlette": ("annotate", "to serve pages"),
    "uvicorn": ("annotate", "to serve pages"),
    "openvino": ("quantized", "to predict in eight-bit integers by OpenVINO"),
    "mlflow": ("mlflow", "to track a tuning there"),
    "tensorboard": ("tensorboard", "to track a tuning there"),
    "ray": ("cluster", "to run work on a cluster"),
    "opacus": ("privacy", "to train with differential privacy"),
    "phonenumbers": ("privacy", "to find personal data"),
    "psycopg": ("postgresql", "to use PostgreSQL"),
    "stdnum": ("privacy", "to find personal data"),
    "fsspec": ("object-store", "for object stores"),
    "s3fs": ("object-store", "for s3:// places"),
}


def require(*modules: str, extra: str = "") -> None:
    """Check that optional libraries are installed; `extra` is what to install where it is not the usual one.

    Raises
    ------
    SettingsError
        One is not; the command that installs it is told.
    """
    for name in modules:
        usual, purpose = NEEDED[name]
        if importlib.util.find_spec(name) is None:
            raise SettingsError(
                f"The library {name} is needed {purpose}, and is not installed.",
                remedy=f"Install it with: pip install 'headwinds[{extra or usual}]'",
            )
