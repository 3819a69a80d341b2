"""The words of a finished figure in another language: results draw themselves in English, who shows them translates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.phrases.catalogue import ENGLISH, translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure


def drawn(plot: Callable[[], Figure], language: str, book: str = "") -> tuple[bytes, bytes]:
    """What `plot` draws, as SVG and PNG, its words those that the catalogue has in a language, or a book."""
    from headwinds.drawing.canvas import style, to_bytes

    with style():
        figure = plot()
        reword(figure, language, book)
        return to_bytes(figure)


def reword(figure: Figure, language: str, book: str = "") -> None:
    """Put every text of a figure that the catalogue has, or a book, into a language: titles, axes, names, legends, notes.

    A text over several lines is one sentence; in a language that writes closer it goes into one line again.
    """
    from matplotlib.text import Text
    from matplotlib.ticker import FixedLocator

    if language == ENGLISH:
        return
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(
                axis.get_major_locator(), FixedLocator
            ):  # names, set anew whenever the figure is drawn
                places = axis.get_majorticklocs()
                names = axis.get_major_formatter().format_ticks(places.tolist())
                said = [_said(name, language, book) for name in names]
                if said != names:
                    axis.set_ticks(places, labels=said)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_text().strip():
            text.set_text(_said(text.get_text(), language, book))


def _said(text: str, language: str, book: str) -> str:
    one_line = " ".join(text.split())
    translated = translate(one_line, language, book)
    return text if translated == one_line else translated
