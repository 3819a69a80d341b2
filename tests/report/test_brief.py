"""The brief says what its numbers allow, refuses what a check refused, and always says what it does not say."""

from __future__ import annotations

import inspect
import string
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from headwinds.contracts import Finding
from headwinds.report.brief import make_brief
from headwinds.report.brief_page import render_brief, write_brief
from headwinds.report.content import ResultChapter
from headwinds.report.messages import languages, load_messages
from headwinds.report.tables import make_tables

LANGUAGES = languages()


def brief_of(content):
    messages = load_messages()
    return make_brief(content, make_tables(content, messages), messages)


def text_of(content, **how):
    return render_brief(content, **how).decode("utf-8")


def with_index(content, values, lower, upper):
    """The first indicator with these numbers at its first and last point for every label, and the old ones between."""
    figure = content.indicators[0]
    old = figure.corrected
    parts = {"value": old.value.copy(), "lower": old.lower.copy(), "upper": old.upper.copy()}
    for label in dict.fromkeys(old.labels):
        rows = [place for place, name in enumerate(old.labels) if name == label]
        for place, row in enumerate((rows[0], rows[-1])):
            for name, given in (("value", values), ("lower", lower), ("upper", upper)):
                parts[name][row] = given[place]
    return replace(content, indicators=(replace(figure, corrected=replace(old, **parts)),))


def attribution(values, *, sentences=("Change -0.7.",)):
    names = ["divide", "security", "all headwinds"]
    table = pd.DataFrame(
        {
            "name": names,
            "part": ["headwind", "headwind", "joint"],
            "value": values,
            "lower": np.array(values) - 0.3,
            "upper": np.array(values) + 0.3,
        }
    )
    return ResultChapter("5-attribution", "How much of it", tuple(sentences), table, b"<svg/>", b"")


def verdicts(brief):
    return [one.verdict for one in brief.statements]


def test_intervals_that_overlap_show_no_change_and_say_that_none_is_ruled_out(made):
    brief = brief_of(with_index(made, (0.010, 0.012), (0.008, 0.009), (0.012, 0.015)))
    assert {row.said for row in brief.shares} == {"no change shown"}
    assert "not shown, and not ruled out" in brief.statements[0].text


@pytest.mark.parametrize(
    ("last", "said"), [((0.030, 0.025, 0.035), "more often"), ((0.002, 0.001, 0.003), "less often")]
)
def test_intervals_that_lie_apart_show_a_change(made, last, said):
    value, lower, upper = last
    brief = brief_of(with_index(made, (0.010, value), (0.008, lower), (0.012, upper)))
    assert {row.said for row in brief.shares} == {said}
    assert "moved beyond their ranges" in brief.statements[0].text


def at_the_end(content, values, half):
    """The first indicator with these values at its last point, one a label, and intervals as wide."""
    figure = content.indicators[0]
    old = figure.corrected
    parts = {"value": old.value.copy(), "lower": old.lower.copy(), "upper": old.upper.copy()}
    for label, value in zip(dict.fromkeys(old.labels), values, strict=True):
        row = max(place for place, name in enumerate(old.labels) if name == label)
        for name, given in (("value", value), ("lower", value - half), ("upper", value + half)):
            parts[name][row] = given
    return replace(content, indicators=(replace(figure, corrected=replace(old, **parts)),))


def test_a_label_is_the_most_frequent_only_where_its_range_lies_above_all_others(made):
    labels = len(dict.fromkeys(made.indicators[0].corrected.labels))
    values = [0.10 + 0.02 * place for place in range(labels)]
    apart = brief_of(at_the_end(made, values, 0.009)).statements[0]
    assert (apart.verdict, "is the most frequent in" in apart.text) == ("shown", True)
    together = brief_of(at_the_end(made, values, 0.011)).statements[0]
    assert together.verdict == "not_shown"
    assert "That it is the most frequent is not shown" in together.text
    assert "is the most frequent in" not in together.text


def test_ranges_of_unequal_width_are_widened_for_reading_several_labels(made):
    """A first point that is nearly exact: then the last one's interval alone decides, and one in twenty leaves it out."""
    narrow = with_index(made, (0.010, 0.0205), (0.0099, 0.0104), (0.0101, 0.0306))
    assert {row.said for row in brief_of(narrow).shares} == {"no change shown"}
    clear = with_index(made, (0.010, 0.0305), (0.0099, 0.0204), (0.0101, 0.0406))
    assert {row.said for row in brief_of(clear).shares} == {"more often"}


def test_a_point_without_an_interval_is_not_to_be_quoted(made):
    nan = float("nan")
    brief = brief_of(with_index(made, (0.010, 0.012), (0.008, nan), (0.012, nan)))
    assert verdicts(brief)[0] == "refused"
    assert "do not quote it" in brief.statements[0].text
    assert {row.said for row in brief.shares} == {"refused: too few labels"}


def test_an_index_without_any_interval_gives_no_number(made):
    figure = made.indicators[0]
    empty = np.full(len(figure.corrected), np.nan)
    content = replace(
        made, indicators=(replace(figure, corrected=replace(figure.corrected, lower=empty, upper=empty)),)
    )
    brief = brief_of(content)
    assert brief.shares == ()
    assert verdicts(brief)[0] == "refused"
    assert "no number is given" in brief.statements[0].text


def test_an_error_of_the_check_withholds_every_number_that_rests_on_the_documents(made):
    leak = Finding("E101", "Gold of one document on two sides.", "Split by document.")
    content = replace(
        made, check=replace(made.check, findings=(leak,)), chapters=(attribution([0.1, 0.2, 0.3]),)
    )
    brief = brief_of(content)
    assert brief.shares == ()
    assert verdicts(brief) == ["refused", "shown", "refused", "refused"]  # growth rests on the panel alone
    assert all("E101" in one.text for one in brief.statements if one.verdict == "refused")
    assert "Errors that must be mended: E101." in brief.sure


def test_growth_is_shown_to_have_fallen_only_beyond_twice_its_error(made):
    def growth(**changes):
        slow = replace(made.growth.slowdown, **changes)
        return brief_of(replace(made, growth=replace(made.growth, slowdown=slow))).statements[1]

    assert (growth().verdict, "fell" in growth().text) == ("shown", True)
    assert "rose" in growth(change=0.7).text
    assert growth(standard_error=0.36).verdict == "not_shown"
    assert growth(standard_error=float("nan")).verdict == "refused"


def test_a_link_is_not_shown_where_every_interval_holds_zero(made):
    corrected = made.regression.corrected
    size = len(corrected.names)
    none = replace(corrected, value=np.full(size, 0.1), standard_error=np.full(size, 0.2))
    found = brief_of(replace(made, regression=replace(made.regression, corrected=none))).statements[2]
    assert found.verdict == "not_shown"
    assert "None is ruled out" in found.text
    some = replace(corrected, value=np.full(size, -0.9), standard_error=np.full(size, 0.1))
    found = brief_of(replace(made, regression=replace(made.regression, corrected=some))).statements[2]
    assert found.verdict == "shown"
    assert "To go with is not to cause" in found.text


def test_headwinds_that_may_not_be_ranked_are_not_named_one_by_one(made):
    hidden = attribution([float("nan"), 0.222, -0.4])
    found = brief_of(replace(made, chapters=(hidden,))).statements[3]
    assert found.verdict == "refused"
    assert "cannot rank the 2 headwinds" in found.text
    assert "0.222" not in found.text
    assert "−0.400 [−0.700, −0.100]" in found.text  # their sum may be said


def test_a_ranking_that_was_asked_for_against_advice_is_not_passed_on(made):
    asked = attribution(
        [-0.9, -0.1, -1.0], sentences=("Change.", "W446 Single headwinds are shown because ...")
    )
    assert brief_of(replace(made, chapters=(asked,))).statements[3].verdict == "refused"
    well = attribution([-0.9, -0.1, -1.0])
    assert brief_of(replace(made, chapters=(well,))).statements[3].verdict == "shown"
    chance = brief_of(replace(made, chapters=(attribution([-0.32, -0.1, -0.4]),))).statements[3]
    assert (chance.verdict, "widened for reading all" in chance.text) == ("not_shown", True)
    none = brief_of(replace(made, chapters=(attribution([0.2, -0.1, 0.1]),))).statements[3]
    assert (none.verdict, "None of the parts" in none.text) == ("not_shown", True)


def test_a_study_without_a_panel_is_silent_on_growth(made):
    brief = brief_of(replace(made, growth=None, regression=None, chapters=()))
    assert len(brief.statements) == 1


def test_every_share_of_the_table_is_that_of_the_report(made, page):
    brief = brief_of(made)
    assert brief.shares
    for row in brief.shares:
        for shown in (row.first, row.last):
            assert shown.replace("\N{NO-BREAK SPACE}", " ") in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_limits_are_all_there_and_no_argument_leaves_them_out(made, language):
    from markupsafe import escape

    from headwinds.report.page import limits_of

    content = replace(made, limits=())  # the study names none: the page says so
    text = text_of(content, language=language)
    limits = limits_of(content, load_messages(language))
    assert len(limits) == 6
    assert all(str(escape(limit)) in text for limit in limits)
    for call in (render_brief, write_brief):
        assert not [name for name in inspect.signature(call).parameters if "limit" in name]


def test_the_page_loads_and_runs_nothing_and_texts_stay_text(made):
    text = text_of(replace(made, title="<script>alert(1)</script>"), pictures={})
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "http:" not in text
    assert "https:" not in text


def test_the_picture_is_that_of_the_label_that_is_named_first(made, files):
    pictures = {
        name.removeprefix("figures/").removesuffix(".svg"): data
        for name, data in files.items()
        if name.endswith(".svg")
    }
    brief = brief_of(made)
    assert brief.pictured in pictures
    assert brief.pictured_label == brief.shares[0].label
    assert "data:image/svg+xml;base64," in text_of(made, pictures=pictures)
    assert "data:image" not in text_of(made, pictures={})


def test_the_same_content_gives_the_same_bytes(made):
    assert render_brief(made) == render_brief(made)


def gaps(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_catalogue_has_the_keys_of_the_english_one_and_no_gap_of_its_own(language):
    english, other = load_messages("en").entries, load_messages(language).entries
    assert sorted(english) == sorted(other)
    assert {
        key: gaps(other[key]) - gaps(english[key]) for key in english if gaps(other[key]) - gaps(english[key])
    } == {}
