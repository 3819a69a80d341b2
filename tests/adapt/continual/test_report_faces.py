"""The faces of the two reports: tables, words and pictures of what was found, also where something is not available."""

from __future__ import annotations

from headwinds.adapt.continual.forgetting import ForgettingReport, TestChange
from headwinds.adapt.continual.prior_shift import LabelShare
from headwinds.adapt.continual.watch_report import ShiftTest, WatchReport
from headwinds.contracts import Interval

NONE = float("nan")
SHARE = LabelShare("tax", Interval(0.2, 0.1, 0.3), Interval(0.5, 0.4, 0.6), Interval(0.3, 0.2, 0.4))


def report(shares=()):
    tests = (
        ShiftTest("inputs", 0.1, 0.001, 0.003, 100, 90, 5000),
        ShiftTest("outputs", 0.2, 0.4, 0.4, 100, 90, 400),
        ShiftTest("calibration", NONE, NONE, NONE, 100, 3, 0),
    )
    return WatchReport(2, 0.01, 0.05, 5, tests, shares, (), ("a", "b"))


def test_a_look_shows_itself_with_and_without_labels():
    for one in (report(), report((SHARE,))):
        assert one.raised
        assert list(one.table["shifted"]) == [True, False, False]
        assert "calibration: not tested" in one.summary()
        assert "n/a" in one.to_latex()
        assert "<table" in one.to_html()
        assert one.plot().axes
    assert "tax: share 0.200 before, now 0.500" in report((SHARE,)).summary()


def test_what_was_forgotten_shows_itself_also_where_the_old_model_has_no_value():
    unknown = Interval(NONE, NONE, NONE)
    tests = (
        TestChange(
            "old.csv", "old", 50, Interval(0.9, 0.8, 1.0), Interval(0.7, 0.6, 0.8), Interval(-0.2, -0.3, -0.1)
        ),
        TestChange("new.csv", "new", 50, unknown, Interval(0.8, 0.7, 0.9), unknown),
    )
    found = ForgettingReport("accuracy", tests, Interval(0.75, 0.7, 0.8), Interval(-0.2, -0.3, -0.1))
    assert "difference -0.200 [-0.300, -0.100]" in found.summary()
    assert "not available before" in found.summary()
    assert found.table["difference"].isna().tolist() == [False, True]
    assert any("not available" in text.get_text() for text in found.plot().axes[0].texts)
