"""How every page begins that is written to a file: it loads nothing, runs nothing, and tells nobody where it was read.

Texts of others stand on these pages. They are escaped; should one not be, the browser still runs and fetches nothing.
"""

from __future__ import annotations

from html import escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def page_head(title: str, *, language: str = "en") -> str:
    """The page up to its title; what follows are ``<style>`` and ``</head>``."""
    return (
        f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="referrer" content="no-referrer">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
    )
