"""A training of a few steps has no step twice on its axis."""

from __future__ import annotations

from headwinds.drawing.training_curve import draw_training_curve


def test_each_step_stands_once_on_the_axis():
    figure = draw_training_curve([1, 2, 3, 4, 5], [3.0, 3.3, 3.2, 3.6, 3.2], {}, up="loss")
    figure.draw_without_rendering()
    told = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert len(set(told)) == len(told) > 2
