"""How Sphinx lays out the pages; `make docs` stages them first (scripts/docs_site)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]

project = "Headwinds"
author = "The Headwinds developers"
copyright = "The Headwinds developers, Apache-2.0"  # noqa: A001 - Sphinx's own name for it
version = release = re.findall(
    r'^version = "(.+)"$', (_ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
)[0]
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
default_role = "code"  # a name in single backticks is code, as in Markdown
highlight_language = "text"
pygments_style = "friendly"
smartquotes = False
suppress_warnings = ["myst.header"]  # some results skip a level of headings

html_theme = "furo"
html_title = "Headwinds"
html_static_path = ["static"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"


def _inline(self: Any, node: Any) -> None:
    from docutils.utils.math import latex2mathml

    self.body.append(latex2mathml.tex2mathml(node.astext(), as_block=False))
    raise _skip()


def _block(self: Any, node: Any) -> None:
    from docutils.utils.math import latex2mathml

    self.body.append(f'<div class="formula">{latex2mathml.tex2mathml(node.astext(), as_block=True)}</div>')
    raise _skip()


def _skip() -> Exception:
    from docutils.nodes import SkipNode

    return SkipNode()


def _language(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """A page in Chinese says so, and a browser then takes Chinese shapes of the characters."""
    if page.startswith("docs/zh/") or page in ("README.zh", "docs/tutorials/chinese-study"):
        context["language"] = "zh-CN"


def setup(app: Any) -> dict[str, bool]:
    """Formulas as MathML by docutils: no script, no network, read by every browser of today."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    app.connect("html-page-context", _language)
    return {"parallel_read_safe": True}
