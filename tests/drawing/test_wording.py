"""A finished figure is put into another language, names along its axes and legends included, and its bytes stay the same."""

from __future__ import annotations

import re

from headwinds.drawing.canvas import legend_below, new_figure, style, to_bytes
from headwinds.drawing.wording import reword


def picture(language):
    with style():
        figure = new_figure(4, 3)
        axes = figure.subplots()
        (line,) = axes.plot([1, 2, 3], [0.5, 1.5, 2.5], label="not attributed")
        axes.set_title("Theil index,\nwithin and between regions")
        axes.set_yticks([0.5, 1.5, 2.5], ["before", "my label", "after"])
        axes.set_xlabel("periods later")
        legend_below(figure, [line], 1)
        reword(figure, language)
        return to_bytes(figure)


def texts(svg):
    return set(re.findall(r"<text[^>]*>([^<]+)</text>", svg.decode("utf-8")))


def test_titles_axes_names_and_legends_are_translated_and_a_users_own_words_stay():
    shown = texts(picture("zh")[0])
    assert {"泰尔指数，地区内与地区间", "之前", "之后", "若干期之后", "未归因", "my label"} <= shown
    assert not {"before", "after", "not attributed", "periods later"} & shown


def test_numbers_along_an_axis_stay_numbers():
    assert (
        texts(picture("zh")[0]) & {"1.0", "1.5", "2.0"}
        == texts(picture("en")[0]) & {"1.0", "1.5", "2.0"}
        != set()
    )


def test_english_is_left_as_it_is_and_the_same_figure_has_the_same_bytes():
    assert "before" in texts(picture("en")[0])
    assert picture("zh") == picture("zh")
