"""Libraries that only annotation needs: there, or one line that says how to get them."""

from __future__ import annotations

import importlib.util

from headwinds.errors import SettingsError

NEEDED = {
    "sqlalchemy": ("annotate", "to keep labels in a database"),
    "starlette": ("annotate", "to serve the pages for annotators"),
    "uvicorn": ("annotate", "to serve the pages for annotators"),
    "psycopg": ("postgresql", "to keep labels in PostgreSQL"),
}


def require(*modules: str) -> None:
    """Check that optional libraries are installed.

    Raises
    ------
    SettingsError
        One is not; the command that installs it is told.
    """
    for name in modules:
        extra, purpose = NEEDED[name]
        if importlib.util.find_spec(name) is None:
            raise SettingsError(
                f"The library {name} is needed {purpose}, and is not installed.",
                remedy=f"Install it with: pip install 'headwinds[{extra}]'",
            )
