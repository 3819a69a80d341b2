"""The one face of what calls return: a summary in words; of every result also a tidy table, a picture, LaTeX and HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from headwinds.phrases.catalogue import say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Summarised:
    """What says of itself in words what it is, also in a notebook."""

    __slots__ = ()

    def summary(self) -> str:
        """The result in words, a line each."""
        raise NotImplementedError

    def to_html(self) -> str:
        """The summary in the language that is spoken here, as a fragment of HTML; every text is escaped."""
        return f"<div>{paragraphs(self.summary())}</div>"

    def _repr_html_(self) -> str:
        return self.to_html()


class Result(Summarised):
    """What a result object inherits; it has `table` (as a field or a property), `summary` and `plot` of its own.

    `table` is tidy: one row a thing that was estimated, columns in lower case. `summary` says in words what was estimated,
    for whom, from what variation, and what it does not say. `plot` draws it in the house's style.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def table(self) -> pd.DataFrame:
            """One row a thing that was estimated."""

    def plot(self) -> Figure:
        """The result as a matplotlib figure."""
        raise NotImplementedError

    def to_latex(self, *, digits: int = 3, caption: str = "") -> str:
        """The table for a paper, by booktabs; with a caption as a floating table."""
        latex: str = self.table.to_latex(
            index=False, escape=True, float_format=f"%.{digits}f", na_rep="n/a", caption=caption or None
        )
        return latex

    def to_html(self, *, digits: int = 3) -> str:
        """The table, and the summary in the language that is spoken here, as a fragment of HTML; every text is escaped."""
        # A missing whole number would read "<NA>", whatever stands for what is missing elsewhere.
        whole = [name for name, kind in self.table.dtypes.items() if str(kind).startswith(("Int", "UInt"))]
        table = self.table.astype(dict.fromkeys(whole, object))
        table[whole] = table[whole].where(table[whole].notna(), "n/a")
        rows: str = table.to_html(
            index=False,
            border=0,
            float_format=lambda value: number(value, digits),
            na_rep="n/a",
            escape=True,
        )
        return f"<div>{rows}{paragraphs(self.summary())}</div>"


def paragraphs(words: str) -> str:
    """Lines as paragraphs of HTML, in the language that is spoken here, escaped."""
    return "".join(f"<p>{escape(say(line))}</p>" for line in words.splitlines())


ROUNDING = 1e-12
"""What is smaller is an error of rounding, and shown as zero."""
LARGE = 1e4
"""From here on a fraction says nothing beside the digits before it."""


def number(value: Any, digits: int = 3) -> str:
    """A number for a sentence; what is undefined says so, what is small is not told as zero, what is large has no fractions.

    >>> number(0.07123), number(0.000123), number(-2.5e-9), number(0.0), number(97371.173)
    ('0.071', '0.00012', '-2.5e-09', '0.000', '97,371')
    """
    if value is None or value != value:
        return "not available"
    if abs(value) == float("inf"):
        return "infinity" if value > 0 else "minus infinity"
    if abs(value) >= LARGE:
        return f"{value:,.0f}"
    shown = f"{value:.{digits}f}"
    if not any(digit in shown for digit in "123456789"):
        return f"{value:.2g}" if abs(value) > ROUNDING else shown.removeprefix("-")
    return shown
