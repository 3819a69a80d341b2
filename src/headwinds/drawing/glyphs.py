"""Chinese, Japanese and Korean in figures: a font that has the characters, where this machine has one.

Matplotlib's own font has none of them. Only texts that need another font get one, so that the bytes of every other
figure do not depend on the fonts of a machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

OWN = "DejaVu Sans"
FILES = (
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "wqy-",
    "pingfang",
    "hiragino sans gb",
    "msyh",
    "simhei",
    "droidsansfallback",
    "notoserifcjk",
)
"""How the files of fonts begin that have the characters, the better for a figure first."""
FIRST = "\N{CJK RADICAL REPEAT}"
"""No character below it is written in these scripts."""


def needs_font(text: str) -> bool:
    """Whether a text has characters that matplotlib's own font lacks."""
    return any(character >= FIRST for character in text)


def family_with_glyphs() -> str | None:
    """The family of the first of `FILES` that is installed, made known to matplotlib; None if none is.

    Files are looked for, and not matplotlib's own list: that is a cache, which does not know what was installed later.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager, get_font

    paths = sorted(findSystemFonts())
    for start in FILES:
        found = [path for path in paths if Path(path).name.lower().startswith(start)]
        regular = [path for path in found if "regular" in path.lower()] or found
        if regular:
            family = str(get_font(regular[0]).family_name)
            if family not in {font.name for font in fontManager.ttflist}:
                fontManager.addfont(regular[0])
            return family
    return None


def give_glyphs(figure: Figure) -> list[Text]:
    """Let every text of a figure that needs it fall back to a font with its characters; return those for which none is."""
    from matplotlib.text import Text

    needing = [
        text for text in figure.findobj(Text) if isinstance(text, Text) and needs_font(text.get_text())
    ]
    family = family_with_glyphs() if needing else None
    if family is None:
        return needing
    for text in needing:
        text.set_fontfamily([OWN, family])
        text.set_fontweight("normal")  # the bold face may not be there, and a heavier script needs none
    return []
