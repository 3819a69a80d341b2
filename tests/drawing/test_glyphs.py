"""Chinese in a figure gets a font that has it where there is one; other figures do not depend on the fonts of a machine."""

from __future__ import annotations

from matplotlib.font_manager import findfont, get_font

from headwinds.drawing.canvas import new_figure, style, to_bytes
from headwinds.drawing.glyphs import OWN, family_with_glyphs, needs_font


def drawn(title: str):
    with style():
        figure = new_figure(3, 2)
        text = figure.add_subplot().set_title(title)
        svg, png = to_bytes(figure)
    return text, svg, png


def test_only_texts_in_such_a_script_need_another_font():
    assert needs_font("数字鸿沟")
    assert needs_font("数字鸿沟 by year")
    assert not needs_font("Törnqvist, Δ, −0.5 %, “quoted”")


def test_chinese_is_drawn_with_characters_and_not_with_boxes():
    text, svg, png = drawn("数字鸿沟")
    assert "数字鸿沟" in svg.decode("utf-8")
    family = family_with_glyphs()
    if family is None:  # the next test says what then
        return
    assert text.get_fontfamily() == [OWN, family]
    font = get_font(findfont(family, fallback_to_default=False))
    assert all(font.get_char_index(ord(character)) for character in "数字鸿沟")
    assert png != drawn("一二三四")[2]  # boxes are all alike


def test_without_such_a_font_the_svg_keeps_the_text_and_the_png_has_no_boxes(monkeypatch):
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", list)
    assert family_with_glyphs() is None
    text, svg, png = drawn("数字鸿沟")
    assert text.get_fontfamily() == ["sans-serif"]
    assert "数字鸿沟" in svg.decode("utf-8")
    assert png == drawn("一二三四")[2]  # as wide, and nothing to see of either
    assert png != drawn("Text")[2]


def test_a_figure_in_english_is_the_same_whatever_fonts_there_are():
    text, svg, _ = drawn("Share of passages")
    assert text.get_fontfamily() == ["sans-serif"]
    assert family_with_glyphs() is None or str(family_with_glyphs()) not in svg.decode("utf-8")
