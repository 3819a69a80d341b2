"""The whole audit: one report of all parts, found again, with a page and a card's section; mistakes are said in one line."""

from __future__ import annotations

import html.parser
import json
import re
from dataclasses import replace

import pytest

import headwinds
from adapt.audit.conftest import make_rows, write_rows
from headwinds.adapt.audit import AuditSettings, audit_model
from headwinds.adapt.audit.masking import PersonalDataFound
from headwinds.adapt.audit.page import audit_page, card_section
from headwinds.adapt.audit.report import read_report
from headwinds.cli.main import main
from headwinds.errors import DataError, MismatchError, SettingsError
from headwinds.phrases.catalogue import speaking
from phrases.chinese_pages import english, seen

NO_TRAIN = "Membership needs the training file. Name it: --train FILE"
QUICK = {"texts": 60, "explained": 4}


@pytest.fixture(scope="module")
def audited(single_model, single_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("audited")
    file = write_rows(folder / "on.csv", make_rows(120, seed=2, several=False))
    report = headwinds.audit(
        single_folder / "run",
        file,
        folder / "output",
        by=["region"],
        group="speech",
        train=single_folder / "train.csv",
        **QUICK,
    )
    return report, folder / "output" / "audit", file


def test_every_part_has_a_verdict_in_words(audited):
    report, _, _ = audited
    parts = {part for part, _, _ in report.verdicts}
    assert parts == {
        "bias", "groups", "robustness", "explanations", "personal data", "training", "membership", "energy"
    }  # fmt: skip
    assert report.left_out == {}
    assert all(verdict for _, _, verdict in report.verdicts)
    assert [one.name for one in report.swaps] == ["gender", "names", "countries"]
    assert report.clusters == 40


def test_what_is_read_again_is_what_was_found(audited):
    report, folder, _ = audited
    assert repr(read_report(folder)) == repr(report)
    assert "NaN" not in (folder / "audit.json").read_text(encoding="utf-8")


def test_the_page_is_whole_and_shows_no_foreign_markup(audited):
    _, folder, _ = audited
    page = (folder / "audit.html").read_text(encoding="utf-8")
    seen: list[str] = []

    class Tags(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append(tag)

    Tags().feed(page)
    assert "script" not in seen
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert {"table", "mark", "svg", "blockquote"} <= set(seen)


def test_the_page_the_pictures_and_the_section_hold_no_english_for_a_chinese_reader(audited):
    report, folder, _ = audited
    data = (folder / "audit.json").read_bytes()
    places = {"email": ("on.csv, line 3",), "national number (CN)": ()}
    counts = {"email": (2, 1), "national number (CN)": (1, 1)}
    found = PersonalDataFound(120, ("text",), counts, places, ())
    for one in (report, replace(report, personal_data=found, left_out={"membership": NO_TRAIN})):
        with speaking("zh"):
            page, section = audit_page(one), card_section(one)
        assert '<html lang="zh">' in page
        names = f"{' '.join(report.labels)} region Africa Asia Europe names"  # the last is a list of swaps
        assert english(seen(page), names) == []
        assert english(section, names) == []
    drawn = re.findall(r"<text[^>]*>([^<]*[\u4e00-\u9fff][^<]*)</text>", page)
    assert any("联合 95% 区间" in text for text in drawn)  # the pictures' own words, as text
    assert "身份号码（CN） 1" in page
    assert (folder / "audit.json").read_bytes() == data


def test_the_section_for_the_card_holds_verdicts_and_no_text(audited):
    report, folder, _ = audited
    section = (folder / "audit.md").read_text(encoding="utf-8")
    assert section.startswith("## Audit\n")
    for _, _, verdict in report.verdicts:
        assert verdict.replace("|", "\\|") in section
    assert "delegation" not in section


def test_the_command_line_finds_the_same_audit_again(audited, single_folder, capsys):
    report, folder, file = audited
    before = (folder / "audit.json").read_bytes()
    arguments = ["audit", str(single_folder / "run"), "--on", str(file), "--output", str(folder.parent)]
    arguments += ["--by", "region", "--group", "speech", "--train", str(single_folder / "train.csv")]
    assert main([*arguments, "--texts", "60", "--explained", "4"]) == 0
    said = capsys.readouterr().out
    assert report.summary() in said
    assert "audit.html" in said
    assert (folder / "audit.json").read_bytes() == before


def test_the_same_audit_gives_the_same_numbers(audited, single_model):
    report, _, file = audited
    parts = ("bias", "groups", "robustness", "explanations")
    settings = AuditSettings(parts=parts, by=("region",), group="speech", **QUICK)
    again = audit_model(single_model, file, settings)
    for name in ("swaps", "groups", "robustness", "faithfulness"):
        assert repr(getattr(again, name)) == repr(getattr(report, name))


def test_without_labels_what_needs_them_is_left_out_and_said(several_model, tmp_path):
    rows = [{"text": row["text"], "region": row["region"]} for row in make_rows(40, seed=3, several=True)]
    file = write_rows(tmp_path / "on.csv", rows)
    report = audit_model(several_model, file, AuditSettings(by=("region",), train=file, **QUICK))
    assert "no labels" in report.left_out["membership"]
    assert not report.labelled
    assert {one.quantity for one in report.groups[0].gaps} == {
        "share given divide", "share given driver", "share given security"
    }  # fmt: skip
    assert all(one.difference != one.difference for one in report.robustness.changes)
    assert "W267" in {one.code for one in report.findings}


def test_a_mistake_is_one_line_that_says_how_to_mend_it(several_model, tmp_path):
    labelled = write_rows(tmp_path / "on.csv", make_rows(20, seed=4, several=True))
    bare = write_rows(
        tmp_path / "bare.csv", [{"text": row["text"]} for row in make_rows(20, seed=4, several=True)]
    )
    one_column = tmp_path / "one.csv"
    one_column.write_text("women\nshe\n", encoding="utf-8")

    def said(kind: type[Exception], file, **settings: object) -> str:
        with pytest.raises(kind) as caught:
            audit_model(several_model, file, AuditSettings(**settings))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "no column country; it has id, text, labels, region, speech" in said(
        DataError, labelled, by=("country",)
    )
    assert "one column (women)" in said(DataError, labelled, parts=("bias",), swaps=(str(one_column),))
    assert "no list of swaps 'colours'" in said(SettingsError, labelled, parts=("bias",), swaps=("colours",))
    assert "no labels" in said(DataError, bare, parts=("membership",), train=labelled)
    assert "--train" in said(SettingsError, labelled, parts=("membership",))
    assert "--by" in said(SettingsError, labelled, parts=("groups",))
    assert "no part 'fairness'" in said(SettingsError, labelled, parts=("fairness",))
    few = write_rows(tmp_path / "few.csv", make_rows(4, seed=9, several=True))
    assert "10 on each side" in said(DataError, labelled, parts=("membership",), train=few)
    other = write_rows(tmp_path / "other.csv", [{"text": "a b", "labels": "growth"}])
    assert "label 'growth' does not occur" in said(MismatchError, other)


def test_a_small_group_is_kept_and_said(several_model, tmp_path):
    rows = make_rows(60, seed=5, several=True)
    for number, row in enumerate(rows):
        row["region"] = "tiny" if number < 3 else "large"
    report = audit_model(
        several_model, write_rows(tmp_path / "on.csv", rows), AuditSettings(parts=("groups",), by=("region",))
    )
    assert {one.group for one in report.groups[0].gaps} == {"tiny", "large"}
    finding = next(one for one in report.findings if one.code == "W264")
    assert "tiny (3)" in finding.sentence


def test_the_table_of_a_report_is_its_verdicts(audited):
    report, folder, _ = audited
    assert list(report.table) == ["part", "of", "verdict"]
    assert len(report.table) == len(report.verdicts)
    assert report.plot().axes
    assert json.loads((folder / "audit.json").read_text(encoding="utf-8"))["rows"] == 120
