"""A look at live texts with a real model: what it raises, what it says, what it remembers, what it refuses."""

from __future__ import annotations

import csv
import json

import pytest

from adapt.continual.lives import OLD, RATES, write_topics
from headwinds import tune, update, watch
from headwinds.adapt.continual.documents import documents_of
from headwinds.adapt.continual.memory import read_memory
from headwinds.adapt.continual.watch_report import read_watch
from headwinds.adapt.tasks.contract import Row
from headwinds.errors import (
    ArtifactError,
    CheckpointError,
    DataError,
    HeadwindsError,
    SettingsError,
    StorageError,
)

PLAN = {"permutations": 199, "looks": 2}


def look(life, live, output, **more):
    given = {"reference": life.file("old-test"), **PLAN, **more}
    return watch(life.model, life.file(live), output=output, **given)


def test_texts_of_the_old_kind_raise_nothing_and_texts_in_other_words_do(life, tmp_path):
    same = look(life, "same", tmp_path / "watch")
    assert not same.raised
    assert "No shift is shown" in same.summary()
    later = look(life, "later", tmp_path / "watch")
    assert later.raised
    assert (later.look, later.level) == (2, 0.025)
    assert later.table.set_index("test").loc["inputs", "shifted"]
    assert "W244" in later.summary()
    assert (tmp_path / "watch" / "look-0002" / "watch.json").is_file()


def test_labels_that_arrive_show_that_the_model_is_no_longer_right(life, tmp_path):
    report = look(life, "later", tmp_path / "watch")
    before, now = report.calibration
    assert (before.side, now.side) == ("reference", "live")
    assert now.accuracy < before.accuracy
    assert report.table.set_index("test").loc["calibration", "shifted"]


def test_a_label_that_becomes_common_is_named_with_its_share(life, tmp_path):
    mixed = tmp_path / "mixed.csv"
    kinds = {
        "driver": OLD["driver"],
        "driver ": OLD["driver"],
        "driver  ": OLD["driver"],
        "divide": OLD["divide"],
    }
    write_topics(mixed, 80, 4, kinds)
    rows = list(csv.DictReader(mixed.read_text(encoding="utf-8").splitlines()))
    mixed.write_text("id,text\n" + "".join(f"{row['id']},{row['text']}\n" for row in rows), encoding="utf-8")
    report = watch(life.model, mixed, output=tmp_path / "w", reference=life.file("old-test"), **PLAN)
    share = report.share_table.set_index("label").loc["driver"]
    assert share["live_lower"] < 0.75 < share["live_upper"] + 0.05
    assert share["difference_lower"] > 0
    assert report.table.set_index("test").loc["outputs", "shifted"]
    assert [one.name for one in report.tests] == ["inputs", "outputs"]
    assert "driver: share" in report.summary()
    assert len(report.proposals) == 20
    proposed = [
        json.loads(line) for line in (tmp_path / "w/look-0001/to-label.jsonl").read_text().splitlines()
    ]
    assert [row["id"] for row in proposed] == list(report.proposals)
    assert {"id", "text"} <= set(proposed[0])


def test_the_same_look_again_spends_nothing_and_has_the_same_bytes(life, tmp_path):
    first = look(life, "same", tmp_path / "a")
    content = (tmp_path / "a" / "look-0001" / "watch.json").read_bytes()
    again = look(life, "same", tmp_path / "a")
    assert again == first == read_watch(tmp_path / "a" / "look-0001")
    assert [path.name for path in sorted((tmp_path / "a").glob("look-*"))] == ["look-0001"]
    look(life, "same", tmp_path / "b")
    assert (tmp_path / "b" / "look-0001" / "watch.json").read_bytes() == content


def test_a_watch_keeps_to_its_plan(life, tmp_path):
    look(life, "same", tmp_path / "w")
    with pytest.raises(SettingsError, match="would not be kept"):
        look(life, "later", tmp_path / "w", looks=50)
    look(life, "later", tmp_path / "w")
    with pytest.raises(SettingsError, match="all are taken"):
        look(life, "new", tmp_path / "w", seed=1)
    (tmp_path / "w" / "look-0001" / "watch.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"watch\.json is damaged"):
        look(life, "new", tmp_path / "w", seed=2)


def test_documents_change_sides_whole(life, tmp_path):
    named = []  # a column of the usual name needs no setting
    for name in ("same", "old-test"):
        named.append(tmp_path / f"{name}.csv")
        named[-1].write_text(
            life.file(name).read_text("utf-8").replace("document", "document_id", 1), "utf-8"
        )
    report = watch(life.model, named[0], output=tmp_path / "w", reference=named[1], **PLAN)
    assert not report.raised
    assert (report.group, report.reference_documents, report.live_documents) == ("document_id", 30, 30)
    assert "Rows of one document_id changed sides together: 30 values in the reference" in report.summary()
    assert [(one.reference, one.live) for one in report.tests] == [(60, 60)] * 3
    assert not report.findings
    half = watch(life.model, named[0], output=tmp_path / "h", reference=life.file("old-test"), **PLAN)
    assert [(one.code, one.sentence.partition(";")[0]) for one in half.findings] == [
        ("W248", "Reference rows without document_id: 60 of 60")
    ]
    assert [(one.reference, one.live) for one in half.tests][:2] == [(60, 30)] * 2
    short = write_topics(tmp_path / "short.csv", 40, 1, OLD)
    with pytest.raises(DataError, match="needs 30"):
        watch(life.model, short, output=tmp_path / "v", reference=life.file("old"), group="document", **PLAN)


def test_an_updated_model_is_watched_against_the_rows_it_keeps(life, tmp_path):
    found = update(
        life.model,
        life.file("later"),
        output=tmp_path / "out",
        old=life.file("old"),
        epochs=1,
        validation_share=0.4,
        quiet=True,
        **RATES,
    )
    rows = list(csv.DictReader(life.file("new-test").read_text().splitlines()))
    live = tmp_path / "live.jsonl"
    live.write_text(
        "".join(json.dumps({"text": row["text"], "document": row["document"]}) + "\n" for row in rows)
    )
    report = watch(found.folder, live, output=tmp_path / "w", **PLAN)
    assert [one.code for one in report.findings] == ["W244", "W249"]
    assert "--group COLUMN" in report.summary()
    with pytest.raises(DataError, match=r"the model's kept rows has \d+ rows or groups of rows .* needs 30"):
        watch(found.folder, live, output=tmp_path / "g", group="document", **PLAN)  # kept rows have it too
    kept = [row.part for row in read_memory(found.folder)]
    assert 0 < kept.count("validation") < len(kept)
    assert report.tests[0].reference == kept.count("validation")  # none that was learnt from
    assert report.raised


def test_what_is_of_one_document_is_what_was_named_or_what_files_usually_name():
    def rows(*documents):
        return [Row(f"line {place}", {"text": "x", **given}) for place, given in enumerate(documents)]

    live = rows({"document_id": "a"}, {"document_id": "a"}, {"document_id": ""})
    kept = rows({"speech": "a"}, {"speech": "b"}, {})
    unnamed = documents_of(live, kept, None, is_kept=True)
    assert len(set(unnamed.live)) == 2
    assert len(set(unnamed.reference + unnamed.live)) == 5
    assert [(one.code, one.sentence.partition(";")[0]) for one in unnamed.findings] == [
        ("W248", "Reference rows without document_id: 3 of 3"),
        ("W248", "Live rows without document_id: 1 of 3"),
    ]
    none = documents_of(live, kept, "", is_kept=True)
    assert (none.column, len(set(none.live)), none.findings) == ("", 3, ())
    assert documents_of(kept, kept, None, is_kept=True).column == ""
    named = documents_of(rows({"speech": "a"}), kept, "speech", is_kept=True)
    assert [one.sentence.partition(";")[0] for one in named.findings] == [
        "Reference rows without speech: 1 of 3"
    ]
    for given in ((kept, live), (live, kept)):
        with pytest.raises(DataError, match=r"speech is empty|no column 'speech'"):
            documents_of(*given, "speech", is_kept=False)


def refused(kind, words, *arguments, **named):
    with pytest.raises(kind, match=words) as caught:
        watch(*arguments, **named)
    assert isinstance(caught.value, HeadwindsError)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_watched_is_refused_in_one_line(life, tmp_path):
    out = {"output": tmp_path / "w"}
    live, reference = life.file("same"), life.file("old-test")
    empty, few = tmp_path / "empty.csv", write_topics(tmp_path / "few.csv", 12, 1, OLD)
    empty.write_text("id,text\n")
    refused(SettingsError, "keeps no reference texts", life.model, live, **out)
    refused(DataError, "has no rows", life.model, empty, reference=reference, **out)
    refused(DataError, "few.csv has 12 rows .* needs 30", life.model, few, reference=reference, **out)
    refused(DataError, "few.csv has 12 rows .* needs 30", life.model, live, reference=few, **out)
    copied = tmp_path / "copied.csv"
    copied.write_bytes(live.read_bytes())
    refused(DataError, "are the same file", life.model, live, reference=copied, **out)
    words = r"copied\.csv is a file, no folder"
    refused(StorageError, words, life.model, live, reference=reference, output=copied)
    refused(SettingsError, "alpha = 2", life.model, live, reference=reference, alpha=2.0, **out)
    refused(SettingsError, "Did you mean 'alpha'", life.model, live, reference=reference, alpa=0.1, **out)
    refused(DataError, "'security' does not occur", life.model, life.file("new"), reference=reference, **out)
    refused(CheckpointError, r"no model\.json", tmp_path, live, reference=reference, **out)
    assert not list((tmp_path / "w").glob("look-*"))


def test_live_rows_that_share_an_id_are_refused_with_their_lines(life, tmp_path):
    twice = tmp_path / "twice.csv"
    lines = life.file("same").read_text(encoding="utf-8").splitlines()
    lines[7] = lines[7].replace("same-6,", "same-2,")
    lines[9] = lines[9].replace("same-8,", "same-2,")
    twice.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = r"twice\.csv, line 8: id 'same-2' stands at .*twice\.csv, line 4 too; .* before: 2\."
    refused(DataError, words, life.model, twice, output=tmp_path / "w", reference=life.file("old-test"))
    numbers = tmp_path / "numbers.jsonl"
    rows = [{"id": number if number < 39 else "1", "text": f"growth {number}"} for number in range(40)]
    numbers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = "line 40: id '1' stands at .*line 2 too"
    refused(DataError, words, life.model, numbers, output=tmp_path / "w", reference=life.file("old-test"))
    assert not list((tmp_path / "w").glob("look-*"))


def test_too_few_labels_are_told_with_the_number_that_is_needed(life, tmp_path):
    rows = list(csv.DictReader(life.file("same").read_text(encoding="utf-8").splitlines()))
    partly = tmp_path / "partly.csv"
    lines = [f"{row['text']},{row['label'] if number < 5 else ''}\n" for number, row in enumerate(rows)]
    partly.write_text("text,label\n" + "".join(lines), encoding="utf-8")
    report = watch(life.model, partly, output=tmp_path / "w", reference=life.file("old-test"), **PLAN)
    assert [one.code for one in report.findings if one.code == "W243"] == ["W243"]
    assert "needs 30 of each" in report.summary()


def test_texts_that_have_none_of_several_labels_count_on_both_sides_or_on_neither(life, tmp_path):
    """An empty cell says "none" in a file to tune on, and may say "not yet" in live ones: there "[]" says "none"."""
    kinds = {"": ["we thank the president", "the session is opened"], **OLD}
    common = {**RATES, "quiet": True, "checkpoint": str(life.folder / "checkpoint"), "epochs": 2}
    train = write_topics(tmp_path / "train.csv", 60, 1, kinds, "labels")
    reference = write_topics(tmp_path / "reference.csv", 120, 2, kinds, "labels")
    blank = write_topics(tmp_path / "blank.csv", 120, 3, kinds, "labels")
    told = tmp_path / "told.csv"
    told.write_text(blank.read_text(encoding="utf-8").replace(",,", ",[],"), encoding="utf-8")
    tune(task="text-classification", train=train, output=tmp_path / "model", **common)
    seen = {
        live: watch(tmp_path / "model", live, output=tmp_path / live.stem, reference=reference, **PLAN)
        for live in (blank, told)
    }
    assert [one.texts for one in seen[blank].calibration] == [80, 80]
    assert [one.texts for one in seen[told].calibration] == [120, 120]
    assert [one.code for one in seen[blank].findings if one.code == "W251"] == ["W251"]
    assert "empty: 40" in seen[blank].summary()
    assert "W251" not in [one.code for one in seen[told].findings]
    assert not seen[told].raised
    assert seen[told].proposals == ()
