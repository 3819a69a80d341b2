"""What the page promises: it stands alone, leads from a point to its passages, and never hides its limits."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import synthetic

from headwinds.contracts import Finding
from headwinds.drawing.canvas import style, to_bytes
from headwinds.errors import MismatchError, SettingsError, StorageError
from headwinds.measure.indicator_store import write_indicator
from headwinds.report import render_report, write_report
from headwinds.report.cells import ReportTable
from headwinds.report.content import ResultChapter
from headwinds.report.figures.metrics import draw_metric
from headwinds.report.from_study import read_indices, unread_share
from headwinds.report.messages import load_messages
from headwinds.report.results import all_findings

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><svg onload=alert(1)>",
    "' onfocus='alert(1)",
    "{{ 7*7 }}",
    "--><script>alert(2)</script>",
    "$\\frac{",
)


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def values(self, name):
        return [attributes[name] for _, attributes in self.found if name in attributes]


def test_nothing_on_the_page_is_fetched_from_a_network(page):
    for tag, attributes in Elements(page).found:
        for name in ("src", "href", "xlink:href", "data", "action", "poster"):
            value = attributes.get(name) or ""
            assert not re.match(r"(?:[a-z]+:)?//", value), (tag, name, value)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_its_only_script_is_the_one_that_its_policy_names(page):
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert len(scripts) == 1
    policy = next(a["content"] for t, a in Elements(page).found if t == "meta" and "http-equiv" in a)
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_every_link_within_the_page_leads_somewhere_and_ids_are_unique(page):
    elements = Elements(page)
    ids = elements.values("id")
    assert len(ids) == len(set(ids))
    targets = [value[1:] for value in elements.values("href") if value.startswith("#")]
    assert set(targets) <= set(ids)


def test_every_point_of_the_index_links_to_its_passages_from_figure_and_table(page, made):
    links = Elements(page).values("href")
    for label in made.codebook.names:
        for year in range(1990, 1996):
            assert f'id="passages-{label}-{year}"' in page
            # A figure's link, and the key and the value in the row of the table under it; then the groups' figures.
            assert links.count(f"#passages-{label}-{year}") >= 3


def test_a_cell_of_one_index_that_is_called_as_one_of_another_has_its_own_passages():
    """Both were listed as one: under the year stood the passages of the decade."""
    made = synthetic.content(years=range(1990, 1992))
    decades = synthetic.indicator(list(made.codebook.names), ("decade",), [(1990,), (2000,)], "difference")
    own, other = (
        replace(trace, keys=(key,), rows=trace.rows.set_column(1, "text", pa.array([f"Of the {key}."] * 3)))
        for key in ("year", "decade")
        for trace in synthetic.passages(["divide"], [1990], 3)
    )
    shown = replace(
        made,
        indicators=(
            *made.indicators,
            replace(
                made.indicators[0], name="index-by-decade", corrected=decades, naive=None, labelled_only=None
            ),
        ),
        passages=(own, other),
    )
    files = render_report(shown)
    page = files["report.html"].decode()
    for key, rival in (("year", "decade"), ("decade", "year")):
        place = page.index(f'id="passages-divide-{key}-1990"')
        listed = page[place : page.index("</details>", place)]
        assert f"Of the {key}." in listed
        assert f"Of the {rival}." not in listed
        assert f'href="#passages-divide-{key}-1990"' in page
        assert f"divide, {key} 1990: " in page
    assert 'id="passages-divide-1991"' in page
    cells = [row.split(",")[1] for row in files["tables/passages.csv"].decode().splitlines()[1:]]
    assert set(cells) == {"year 1990", "decade 1990"}


def test_every_linked_file_is_written(page, files):
    links = [value for value in Elements(page).values("href") if not value.startswith("#")]
    assert links
    assert set(links) <= set(files)


def test_every_figure_has_svg_png_csv_and_parquet(page, files):
    figures = {name[8:-4] for name in files if name.startswith("figures/") and name.endswith(".svg")}
    assert {"reliability", "growth-accounts", "slowdown", "coefficients", "index-by-year-driver"} <= figures
    assert {name[8:-4] for name in files if name.endswith(".png")} == figures
    for name in figures:
        block = page[page.index(f'id="figure-{name}"') :].split("</figcaption>")[0]
        table = re.search(r'href="tables/([^"]+)\.csv"', block).group(1)
        assert files[f"tables/{table}.csv"]
        assert files[f"tables/{table}.parquet"].startswith(b"PAR1")
        assert files[f"figures/{name}.png"].startswith(b"\x89PNG")
        assert "aria-label" in block


def test_the_same_content_gives_the_same_bytes(made, files):
    again = render_report(synthetic.content())
    assert list(again) == list(files)
    assert [name for name in files if again[name] != files[name]] == []


def test_what_is_not_available_says_so_and_is_never_nan_or_none(page):
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL))
    assert "not available" in text
    assert not re.search(r"\b(nan|NaN|None|NaT|inf)\b", text)
    row = re.search(
        r'<tr><th scope="row"><a href="#passages-driver-1991">1991</a></th>(.*?)</tr>', page
    ).group(1)
    assert row.startswith('<td class="n"><a href="#passages-driver-1991">not available</a>')


def test_a_cell_without_an_interval_shows_its_value_and_says_so(page):
    row = re.search(
        r'<tr><th scope="row"><a href="#passages-driver-1992">1992</a></th>(.*?)</tr>', page
    ).group(1)
    assert re.search(r"\d\.\d\s*% \(interval not available\)", row)


def test_limits_stand_on_the_page_with_how_gold_came_about(page, made):
    section = page[page.index('<section id="limits"') : page.index('<section id="provenance"')]
    assert made.limits[0] in section
    assert made.check.gold_provenance in section
    assert "Associations are not causes" in section


def test_documents_without_a_year_have_a_size_all_the_same(few):
    without = replace(few, corpus=replace(few.corpus, first_year=None, last_year=None))
    assert "documents, which stand for" in render_report(without)["report.html"].decode()


@pytest.mark.parametrize("limits", [(), ("", "  ")])
def test_a_study_that_names_no_limits_is_said_to_name_none(few, limits):
    page = render_report(replace(few, limits=limits))["report.html"].decode()
    section = page[page.index('<section id="limits"') : page.index('<section id="provenance"')]
    assert "names no limits of its own" in section


def test_minimum_detectable_effects_come_before_any_coefficient(page):
    section = page[page.index('<section id="regression"') : page.index('<section id="findings"')]
    assert section.index('id="figure-minimum-detectable-effects"') < section.index('id="figure-coefficients"')


def test_sections_stand_in_the_order_in_which_an_argument_is_read(page):
    order = re.findall(r'<section id="(\w+)"', page)
    assert order == [
        "answer", "data", "model", "indices", "growth", "results", "regression", "findings", "limits", "provenance",
        "passages",
    ]  # fmt: skip


def test_a_chapter_shows_its_picture_its_words_and_its_table(few, tmp_path):
    estimate = few.regression.corrected
    with style():
        svg, png = to_bytes(estimate.plot())
    chapter = ResultChapter(
        "a-break", "When <it> changed", ("It changed & stayed.",), estimate.table, svg, png
    )
    write_report(replace(few, chapters=(chapter,)), tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    shown = text[text.index('<section id="results"') : text.index('<section id="regression"')]
    assert "When &lt;it&gt; changed" in shown
    assert "It changed &amp; stayed." in shown
    assert '<figure id="figure-result-a-break" class="broad">' in shown  # it was drawn wider than others
    assert (tmp_path / "figures" / "result-a-break.png").read_bytes() == png
    assert (tmp_path / "tables" / "result-a-break.csv").read_text(encoding="utf-8").startswith("name,value")


@pytest.mark.parametrize(("language", "says"), [("en", "Grey: each country."), ("zh", "灰线：各国。")])
def test_the_picture_of_a_chapter_says_what_its_lines_are(few, language, says):
    estimate = few.regression.corrected
    with style():
        svg, png = to_bytes(estimate.plot())
    chapter = ResultChapter("2-break", "When it changed", (), estimate.table, svg, png)
    page = render_report(replace(few, chapters=(chapter,)), language=language)["report.html"].decode()
    assert says in page[page.index('<figure id="figure-result-2-break"') :]


def test_hostile_text_anywhere_stays_text():
    labels = PAYLOADS[:2]
    hostile = synthetic.content(
        labels=labels, groups=PAYLOADS[2:4], title=PAYLOADS[0], question=PAYLOADS[1], limits=PAYLOADS,
        provenance={payload: payload for payload in PAYLOADS}, passages=(),
    )  # fmt: skip
    strata = hostile.corpus.strata.assign(**{PAYLOADS[0]: PAYLOADS[1], PAYLOADS[5]: PAYLOADS[6]})
    growth = hostile.growth
    table = growth.accounts.table.assign(span=list(PAYLOADS[:3]))
    errors = hostile.evaluation.errors
    errors = errors.set_column(errors.column_names.index("text"), "text", [list(PAYLOADS[:2])])
    hostile = replace(
        hostile,
        corpus=replace(hostile.corpus, strata=strata, source=PAYLOADS[2]),
        evaluation=replace(hostile.evaluation, errors=errors),
        growth=replace(
            growth, rebuild=PAYLOADS[3], accounts=replace(growth.accounts, table=table, estimand=PAYLOADS[1])
        ),
        passages=synthetic.passages(labels, [PAYLOADS[0]], 1),
    )
    rendered = render_report(hostile)
    text = rendered["report.html"].decode()
    elements = Elements(text).found
    assert sum(tag == "script" for tag, _ in elements) == 1
    assert not any(tag in ("img", "iframe", "object", "embed", "form", "base") for tag, _ in elements)
    assert not any(name.startswith("on") for _, attributes in elements for name in attributes)
    assert text.count("</style>") >= 1
    assert "{{ 7*7 }}" in text
    assert ">49<" not in text
    for name, data in rendered.items():
        assert re.fullmatch(r"[a-zA-Z0-9_./-]+", name), name
        assert ".." not in name
        if name.endswith(".svg"):
            assert b"<script" not in data
            assert b"<img" not in data


def test_what_is_as_true_of_every_index_is_told_once(made):
    def naive(number):
        said = (
            Finding("N321", f"estimator {number}."),
            Finding("W353", f"off by {number}."),
            Finding("W305", "naive."),
        )
        return replace(made.indicators[number].naive, findings=said)

    figures = tuple(replace(one, naive=naive(place)) for place, one in enumerate(made.indicators[:2]))
    found = all_findings(replace(made, indicators=figures))
    told = [item.sentence for item in found if item.code in ("N321", "W305", "W353")]
    assert told == ["naive.", "off by 0."]


def test_a_label_that_the_codebook_lacks_is_refused_by_name(made):
    narrower = replace(made, codebook=replace(made.codebook, labels=made.codebook.labels[:1]))
    with pytest.raises(MismatchError, match="divide"):
        render_report(narrower)


def test_a_table_without_a_needed_column_is_refused_by_table_and_column(made):
    broken = replace(made, width_by_stratum=made.width_by_stratum.drop(columns="variance_share"))
    with pytest.raises(MismatchError, match=r"width-by-stratum.*variance_share"):
        render_report(broken)


def test_an_unknown_language_is_refused_with_the_known_ones(made):
    with pytest.raises(SettingsError, match="en"):
        render_report(made, language="xx")


def test_a_study_without_a_panel_has_a_report_that_says_so(made, tmp_path):
    write_report(replace(made, growth=None, regression=None, passages=(), label_gain=None), tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("Not available in this study.") == 3
    assert not (tmp_path / "tables" / "coefficients.csv").exists()


def test_a_folder_that_cannot_be_written_is_one_clear_line(few, tmp_path):
    (tmp_path / "figures").write_text("a file stands where the folder should")
    with pytest.raises(StorageError, match="figures"):
        write_report(few, tmp_path)


def test_drawing_leaves_matplotlib_as_it_was(few):
    import matplotlib

    before = dict(matplotlib.rcParams)
    render_report(few)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("missing", [1, 2])
def test_a_bar_that_lacks_a_part_says_so_instead_of_looking_complete(made, missing):
    account = made.growth.accounts
    table = account.table.copy()
    table.loc[:0, list(account.parts[:missing])] = float("nan")
    width = made.width_by_stratum.copy()
    width.loc[0, "variance_share"] = float("nan")
    broken = replace(
        made,
        growth=replace(made.growth, accounts=replace(account, table=table)),
        width_by_stratum=width,
        indicators=(),
        passages=(),
    )
    rendered = render_report(broken)
    for name in ("growth-accounts", "width-by-stratum"):
        assert rendered[f"figures/{name}.svg"].count(b"(not available)") == 1


def test_an_index_by_two_keys_is_drawn_or_said_to_lie_where_it_lies(made, tmp_path):
    """Whatever its keys are called: those of two keys were shown only where one was a group named "group"."""
    labels = made.codebook.names
    measure = tmp_path / "measure"
    for first, count in (("region", 3), ("country", 40)):
        cells = [(f"{first} {number}", year) for number in range(count) for year in (1990, 1991)]
        found = synthetic.indicator(labels, (first, "year"), cells, "difference")
        for which in ("chosen", "naive", "labelled-only"):
            folder = measure / f"index-by-{first}-year" / which
            folder.mkdir(parents=True)
            write_indicator(found, folder)
    drawn, beside = read_indices(measure, [("region", "year"), ("country", "year")], load_messages())
    files = render_report(replace(made, indicators=drawn, beside=beside, passages=()))
    page = files["report.html"].decode()
    assert "Share of passages by region and year" in page
    assert f"figures/index-by-region-year-{labels[0]}.svg" in files
    place = "measure/index-by-country-year/chosen/indicator.parquet"
    assert f"Share of passages by country and year: 80 cells, in {place}" in page
    assert (tmp_path / place).is_file()
    elsewhere = json.loads(files["results.json"])["indices_elsewhere"]
    assert [(one["place"], one["cells"]) for one in elsewhere] == [(place, 80)]


@pytest.mark.parametrize("method", ["difference", "classify-and-count"])
def test_the_estimator_in_use_is_not_advised(made, tmp_path, method):
    """The plain count beside the index of 'auto' said: use the estimator 'auto'."""
    said = Finding("W327", "the plain count is off.", "Use the estimator 'auto', which corrects it.")
    for which in ("chosen", "naive", "labelled-only"):
        own = {"chosen": method, "naive": "classify-and-count"}.get(which, which)
        found = synthetic.indicator(made.codebook.names, ("year",), [(1990,), (1991,)], own)
        (tmp_path / "index-by-year" / which).mkdir(parents=True)
        found = replace(found, findings=(said,) if own == "classify-and-count" else ())
        write_indicator(found, tmp_path / "index-by-year" / which)
    drawn, _ = read_indices(tmp_path, [("year",)], load_messages())
    told = {one.remedy for one in all_findings(replace(made, indicators=drawn)) if one.code == "W327"}
    assert (said.remedy in told) == (method == "classify-and-count")
    assert len(told) == 1


def test_tokens_that_no_window_held_are_counted_from_the_scores(tmp_path):
    told = pa.table({"tokens": [10, 30], "read_share": [1.0, 0.5], "passage_id": ["a", "b"]})
    pq.write_table(told, tmp_path / "scores.parquet")
    assert unread_share(tmp_path / "scores.parquet") == pytest.approx(15 / 40)


def test_the_mark_of_a_perfect_metric_is_drawn_whole_and_not_cut_at_the_edge():
    columns = ("system", "label", "metric", "value", "lower", "upper")
    rows = (("tuned model", "divide", "f1", 1.0, None, None), ("keywords", "divide", "f1", 0.0, 0.0, 0.1))
    table = ReportTable("metrics", "Metrics", columns, ("text",) * 3 + ("number",) * 3, rows)
    with style():
        marks = [
            line
            for line in draw_metric(table, "f1", load_messages("en")).axes[0].lines
            if line.get_marker() != "None"
        ]
    assert [line.get_clip_on() for line in marks] == [False, False]
