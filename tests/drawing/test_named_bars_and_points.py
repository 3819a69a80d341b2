"""Names in pictures: bars are named by what they are, names of points do not cover each other where there is room."""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwinds.drawing.intervals import draw_intervals
from headwinds.drawing.scatter import SIDES, free_sides
from headwinds.drawing.stacked_bars import MOST_BARS, draw_stacked_bars


def account(entities, years) -> pd.DataFrame:
    rows = [(entity, year, 3.0, 1.0, 2.0, 0.61234) for entity in entities for year in years]
    return pd.DataFrame(rows, columns=["entity", "period", "output", "hours", "tfp", "labour_share"])


def drawn(table):
    figure = draw_stacked_bars(table, total="output", parts=("hours", "tfp"), axis="% a year")
    figure.canvas.draw()  # a layout that does not fit is a warning, and a warning is an error
    return figure


def test_bars_of_one_entity_are_its_years_and_the_entity_stands_above():
    axes = drawn(account(["USA"], range(1955, 2020))).axes[0]
    assert axes.get_title(loc="left") == "USA"
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert shown[:2] == ["1955", "1957"]
    assert not any("0.6" in label for label in shown)


def test_of_a_long_table_it_is_said_how_many_bars_are_shown():
    axes = drawn(account(["FRA", "USA"], range(1980, 2020))).axes[0]
    assert axes.get_title(loc="right") == f"first {MOST_BARS} of 80"
    assert axes.get_xticklabels()[0].get_text() == "FRA 1980"


def test_names_of_near_points_stand_on_different_sides():
    near = np.array([[100.0, 100.0], [104.0, 101.0], [102.0, 104.0]])
    assert len(set(free_sides(near, [3, 3, 3]))) == 3


def test_a_name_alone_stands_right_above_its_point():
    assert free_sides(np.array([[0.0, 0.0], [500.0, 500.0]]), [3, 3]) == [SIDES[0]] * 2


def test_the_title_of_an_axis_beside_long_names_stays_within_the_picture():
    rows = [("lost_or_stolen_card: share given lost_or_stolen_card", 0.5, 0.1, 0.9)] * 3
    table = pd.DataFrame(rows, columns=["name", "value", "lower", "upper"])
    figure = draw_intervals(table, axis="gap to the rest by label; joint 95 % intervals")
    figure.canvas.draw()
    title = figure.axes[0].xaxis.label.get_window_extent()
    assert 0 <= title.x0 < title.x1 <= figure.bbox.width
