"""The sentences at the top say what the numbers say, and no more."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np

from headwinds.report import summary_lines
from headwinds.report.answer import answer_sentences
from headwinds.report.brief import make_brief
from headwinds.report.messages import load_messages
from headwinds.report.tables import make_tables, read_trace


def sentences(content):
    messages = load_messages()
    return answer_sentences(content, make_tables(content, messages), messages)


def brief_of(content):
    messages = load_messages()
    return make_brief(content, make_tables(content, messages), messages)


def with_coefficients(content, value, error):
    corrected = content.regression.corrected
    size = len(corrected.names)
    changed = replace(corrected, value=np.full(size, value), standard_error=np.full(size, error))
    return replace(content, regression=replace(content.regression, corrected=changed))


def test_there_are_three_sentences_with_numbers(made):
    measured, growth, association = sentences(made)
    assert "divide" in measured
    assert "1995" in measured
    assert "1990" in measured
    assert "−0.700" in growth
    assert "standard error 0.169" in growth
    assert "associated with" in association
    assert "0.500" in association


def test_the_highest_share_is_told_beside_the_next_with_both_intervals(made):
    told = sentences(made)[0]
    assert re.search(
        r"that of divide: an estimated [^ ]+ \[.*\] of passages .* Next is driver with [^ ]+ \[.*\]\.$", told
    )


def test_a_single_label_is_told_without_a_rank(made):
    messages, [name, *_] = load_messages(), made.codebook.names
    regions = by_another_key(made, "region", [("east",), ("west",)])
    told = []
    for content in (made, replace(made, indicators=(regions,))):
        single = replace(content, codebook=replace(made.codebook, labels=made.codebook.labels[:1]))
        tables = make_tables(content, messages)
        told.append(answer_sentences(single, tables, messages)[0])
        told.append(make_brief(single, tables, messages).statements[0].text)
    over_time, brief, by_region, _ = told
    assert "Next" not in over_time
    assert re.match(rf"In 1995 an estimated .* of passages carry {name} \(95 % interval", over_time)
    assert re.match(rf"In 1995 .* of all passages are of {name}[.,]", brief)
    assert by_region.startswith(f"By region the share of {name} is largest in ")
    assert not [text for text in told if re.search(r"\b1 (of 1|labels)\b|none of the 1\b", text)]


def test_an_interval_that_holds_zero_is_no_association_and_no_evidence_of_none(made):
    sentence = sentences(with_coefficients(made, 0.1, 0.2))[2]
    assert "none of the 2" in sentence
    assert "no evidence of no effect" in sentence


def test_intervals_that_leave_out_zero_are_named_with_their_values(made):
    sentence = sentences(with_coefficients(made, -0.9, 0.1))[2]
    assert "2 of 2" in sentence
    assert "driver −0.900 [−1.100, −0.700]" in sentence
    assert "causes" not in sentence


def test_one_of_several_that_chance_may_explain_is_not_told_as_shown(made):
    """A t of 2.1 leaves out zero alone, not where two intervals are widened for being read together."""
    content = with_coefficients(made, -0.21, 0.1)
    assert "2 of 2" in sentences(content)[2]
    assert "none does, so that chance may be all of it" in sentences(content)[2]
    told = next(one for one in brief_of(content).statements if "leaves out zero" in one.text)
    assert told.verdict == "not_shown"
    sure = with_coefficients(made, -0.9, 0.1)
    assert "those of driver, divide still do" in sentences(sure)[2]
    assert [one.verdict for one in brief_of(sure).statements if "Growth goes with" in one.text] == ["shown"]


def test_undefined_standard_errors_make_no_claim(made):
    assert "not available" in sentences(with_coefficients(made, -0.9, math.nan))[2]


def test_a_slowdown_without_a_standard_error_says_so(made):
    slow = replace(made.growth.slowdown, standard_error=math.nan)
    content = replace(made, growth=replace(made.growth, slowdown=slow))
    assert "standard error not available" in sentences(content)[1]


def test_a_study_without_a_panel_says_so(made):
    _, growth, association = sentences(replace(made, growth=None, regression=None))
    assert "not available" in growth
    assert "not available" in association


def test_an_index_without_any_interval_makes_no_claim(made):
    figure = made.indicators[0]
    empty = np.full(len(figure.corrected), math.nan)
    corrected = replace(figure.corrected, lower=empty, upper=empty)
    content = replace(made, indicators=(replace(figure, corrected=corrected),))
    assert "not available" in sentences(content)[0]


def test_the_summary_is_short_plain_text(made):
    lines = summary_lines(replace(made, title="A title\x1b[31m\nwith control characters"))
    assert 5 <= len(lines) <= 10
    assert all(line.isprintable() for line in lines)
    assert any(line.startswith("F1") for line in lines)
    assert lines[-1] == "Findings: errors 0, warnings 2, notes 1"


def test_findings_are_listed_once_and_errors_first(made):
    from headwinds.contracts import Finding
    from headwinds.report.results import all_findings

    again = made.check.findings[0]
    found = all_findings(
        replace(made, findings=(again, Finding("E900", "Broken."), Finding("N000", "Note.")))
    )
    assert [finding.code[0] for finding in found] == sorted(
        (finding.code[0] for finding in found), key="EWN".index
    )
    assert found.count(again) == 1


def by_another_key(content, key, cells, *, value=0.2):
    """The first indicator, by a key that is no time, or by none."""
    figure = content.indicators[0]
    labels = tuple(dict.fromkeys(figure.corrected.labels))
    rows = len(labels) * len(cells)
    numbers = value + 0.01 * np.arange(rows)
    corrected = replace(
        figure.corrected, keys=(key,) if key else (), cells=tuple(cells) * len(labels), value=numbers,
        labels=tuple(label for label in labels for _ in cells), lower=numbers - 0.05, upper=numbers + 0.05,
        sampling_variance=np.full(rows, 0.01), audit_factor=np.zeros((rows, 1)), documents=np.full(rows, 9),
        passages=np.full(rows, 9), gold=np.full(rows, 9), pooled=("",) * rows,
    )  # fmt: skip
    name = f"index-by-{key}" if key else "index"
    return replace(figure, name=name, corrected=corrected, naive=None, labelled_only=None)


def without_intervals(figure):
    unknown = np.full(len(figure.corrected.value), math.nan)
    return replace(figure, corrected=replace(figure.corrected, lower=unknown, upper=unknown))


def test_the_answer_is_over_time_wherever_that_index_stands(made):
    regions = by_another_key(made, "region", [("east",), ("west",)])
    assert sentences(replace(made, indicators=(regions, *made.indicators)))[0] == sentences(made)[0]


def test_where_no_year_has_an_interval_the_whole_corpus_is_told_and_not_that_nothing_is(made):
    whole = by_another_key(made, "", [()])
    silent = without_intervals(made.indicators[0])
    told = sentences(replace(made, indicators=(silent, whole)))[0]
    assert "over the whole corpus is that of divide: an estimated 21.0" in told
    assert "over time is not available" in told
    missing = sentences(replace(made, indicators=(silent,)))[0]
    assert missing.startswith("No share has a defended")


def test_regions_are_no_course_in_time(made):
    told = sentences(replace(made, indicators=(by_another_key(made, "region", [("east",), ("west",)]),)))[0]
    assert "the largest share by region is that of divide in west: an estimated 23.0" in told
    assert "against" not in told


def test_the_brief_says_it_too(made):
    whole = by_another_key(made, "", [()])
    brief = brief_of(replace(made, indicators=(without_intervals(made.indicators[0]), whole)))
    assert "over the whole corpus" in brief.statements[0].text
    assert brief.statements[0].verdict == "shown"
    assert brief.shares == ()


def test_the_year_of_a_passage_is_a_year_by_whatever_name(made):
    trace = made.passages[0]
    rows = trace.rows.append_column("\u5e74\u4efd", [[1990] * trace.rows.num_rows])
    table = read_trace(replace(trace, rows=rows))
    assert table.kinds[table.columns.index("\u5e74\u4efd")] == "key"
    several = make_tables(replace(made, passages=(replace(trace, rows=rows),)), load_messages())["passages"]
    assert several.kinds[several.columns.index("\u5e74\u4efd")] == "key"
