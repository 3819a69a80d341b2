"""How a figure looks and how it becomes bytes: calm, colour-blind-safe, the same bytes every time."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Six of the eight colours of Okabe and Ito (2008), told apart with any colour vision; yellow is too light for a line."""

INK, FAINT, PAPER = "#222222", "#767676", "#ffffff"
PNG_DOTS = 144  # an inch
MARKERS = ("o", "s", "^", "D", "v", "P")

_STYLE: dict[str, Any] = {
    "font.family": ["sans-serif"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.linewidth": 0.7,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "headwinds",
}

_NOTHING: dict[str, dict[str, None]] = {
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "png": {"Software": None},
}

_INLINE_COLOURS = (
    (INK, "currentColor"),
    (FAINT, "var(--faint)"),
    ("#dddddd", "var(--rule)"),
    (PAPER, "var(--paper)"),
)


def style() -> AbstractContextManager[None]:
    """Matplotlib's settings for as long as a figure is drawn and written; what was set before comes back."""
    import matplotlib

    defaults = {
        name: value for name, value in matplotlib.rcParamsDefault.items() if not name.startswith("backend")
    }
    settings: AbstractContextManager[None] = matplotlib.rc_context({**defaults, **_STYLE})
    return settings


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, drawn without pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def percent_axis(axes: Axes, which: str = "y") -> None:
    """Show fractions as percentages."""
    from matplotlib.ticker import FuncFormatter

    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{round(100 * share, 6):g} %"))


def legend_below(figure: Figure, handles: Sequence[Any], columns: int) -> None:
    """One legend under the figure."""
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def to_svg(figure: Figure) -> bytes:
    """SVG without dates or names of software; texts in another script get a font that has it, if there is one."""
    from headwinds.drawing.glyphs import give_glyphs

    give_glyphs(figure)
    return _saved(figure, "svg")


def to_bytes(figure: Figure) -> tuple[bytes, bytes]:
    """As `to_svg`, and as PNG too."""
    from headwinds.drawing.glyphs import give_glyphs

    without = give_glyphs(figure)
    svg = _saved(figure, "svg")
    # A text in a script that no font of this machine has would be a row of boxes: it is left out. The SVG, read with the
    # reader's own fonts, shows it. `headwinds doctor` says which it will be.
    for text in without:
        text.set_alpha(0.0)
    # Where things stand has been found, and with an engine everything would be drawn once more only to look again.
    engine = figure.get_layout_engine()
    figure.set_layout_engine(None)
    png = _saved(figure, "png")
    figure.set_layout_engine(engine)
    return svg, png


def _saved(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format=kind, dpi=PNG_DOTS, metadata=_NOTHING[kind], facecolor="white")
    return buffer.getvalue()


def inline(svg: bytes, name: str, alternative: str, tips: Mapping[str, str]) -> str:
    """An SVG to stand in the page: its ids its own, its ink the page's, its links with a tip.

    Parameters
    ----------
    name
        Of the figure; put before every id, because ids of several figures share one page.
    alternative
        What the figure shows, for who cannot see it. Already escaped.
    tips
        What to show over a link, by its anchor. Already escaped.
    """
    text = svg.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', text)
    text = text.replace("url(#", f"url(#{name}-")
    text = re.sub(r'(<use [^>]*?)xlink:href="#', rf'\1href="#{name}-', text)
    text = re.sub(r'<a xlink:href="#([^"]*)"([^>]*)>', lambda found: _link(found.group(1), tips), text)
    for colour, ours in _INLINE_COLOURS:
        text = text.replace(colour, ours)
    text = re.sub(r'<svg ([^>]*?)width="[^"]*pt"', r"<svg \1", text, count=1)
    text = re.sub(r'(<svg [^>]*?)height="[^"]*pt"', r"\1", text, count=1)
    return text.replace("<svg ", f'<svg role="group" aria-label="{alternative}" ', 1).rstrip()


def _link(anchor: str, tips: Mapping[str, str]) -> str:
    """A link of a figure. The keyboard reaches the same place from the table under it, with fewer stops."""
    tip = f"<title>{tips[anchor]}</title>" if anchor in tips else ""
    return f'<a href="#{anchor}" tabindex="-1">{tip}'


def wrapped(text: str) -> str:
    """An axis title broken into lines that fit under a figure; what it means is often a whole phrase."""
    return "\n".join(textwrap.wrap(text, 46)) or text
