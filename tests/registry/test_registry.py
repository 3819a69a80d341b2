"""Versions, cards, the gate and the way back, with models that were really tuned."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import sqlite3
import time
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import exc, text

from headwinds import predict_file
from headwinds.adapt.evaluation.store import write_evaluation
from headwinds.adapt.evaluation.task_evaluation import TaskEvaluation
from headwinds.adapt.predicting import evaluate_file
from headwinds.annotate.schema import MIGRATIONS as LABELS
from headwinds.cli.main import main
from headwinds.contracts import Evaluation, Interval
from headwinds.database.connection import connect
from headwinds.doors.registering import add_model, export_model, open_registry, promote_model, rollback_model
from headwinds.errors import ArtifactError, CheckpointError, MismatchError, SettingsError, StorageError
from headwinds.registry.card import card_lines, card_to_text
from headwinds.registry.gate import read_gate
from headwinds.registry.index import events_of, find_version, versions_of
from headwinds.registry.promotion import judge_evaluation, production
from headwinds.registry.versions import load_version
from headwinds.serve.shelf import shelf_of_folder, shelf_of_registry
from registry.cluster import STORES


def write_gate(folder: Path, test: Path, **values) -> Path:
    path = folder / "gate.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    lines += ["[[tests]]", f"path = {json.dumps(str(test))}", 'role = "old"', 'slices = ["region"]']
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def gate(tmp_path, fitted):
    return write_gate(tmp_path, fitted.test, largest_calibration_error=1.0, floor=0.5, largest_loss=0.2)


def test_a_version_is_its_content_and_the_same_model_is_kept_once(registry, fitted):
    first = add_model(registry, "speeches", fitted.good, licence="CC0", limits="not for other texts")
    again = add_model(registry, "speeches", fitted.good)
    elsewhere = add_model(registry, "other-name", fitted.good / "model")
    assert first == again
    assert first.version == elsewhere.version
    assert [path.name for path in registry.versions.iterdir()] == [first.version]
    assert [one.kind for one in events_of(registry, "speeches")] == ["added"]


def test_a_card_has_the_test_with_its_intervals_and_what_it_was_made_from(registry, fitted):
    card = add_model(registry, "speeches", fitted.good, licence="CC0").card
    value, lower, upper = card.metrics["macro_f1"]
    assert lower <= value <= upper
    assert card.calibration == card.metrics["expected_calibration_error"]
    assert (card.labels, card.licence, card.tested_examples) == (("divide", "driver", "security"), "CC0", 80)
    assert len(card.data_digest) == 64
    labelled = dataclasses.replace(card, metrics={**card.metrics, "f1[new_york]": (0.5, 0.4, 0.6)})
    assert "  f1[new_york]: 0.500 (0.400 to 0.600)" in card_lines(labelled)  # as its user wrote it


def test_a_model_without_a_test_is_told_so_on_its_card(registry, fitted):
    assert [one.code for one in add_model(registry, "x", fitted.other_labels).card.findings] == ["W501"]


def test_the_test_of_a_model_that_stood_there_before_is_never_taken_for_this_ones(registry, fitted, tmp_path):
    shutil.copytree(fitted.poor / "model", tmp_path / "out" / "model")
    shutil.copytree(fitted.good / "evaluation", tmp_path / "out" / "evaluation")
    assert [one.code for one in add_model(registry, "speeches", tmp_path / "out").card.findings] == ["W501"]
    [served] = shelf_of_folder(tmp_path / "out", "speeches").models.values()
    assert served.card.metrics == {}
    with pytest.raises(MismatchError, match="test of another model"):
        add_model(registry, "speeches", fitted.better, evaluation=fitted.good)


def test_a_model_that_was_added_untested_gets_its_test_and_keeps_what_its_card_said(
    registry, fitted, tmp_path
):
    shutil.copytree(fitted.good / "model", tmp_path / "alone")
    first = add_model(registry, "speeches", tmp_path / "alone", limits="speeches alone")
    again = add_model(registry, "speeches", tmp_path / "alone", evaluation=fitted.good, licence="CC0")
    assert (again.version, again.number) == (first.version, 1)
    assert again.card.metrics == add_model(registry, "tested", fitted.good).card.metrics != {}
    assert (again.card.licence, again.card.limits) == ("CC0", "speeches alone")
    assert [one.kind for one in events_of(registry, "speeches")] == ["added", "completed"]
    with pytest.raises(SettingsError, match="its card has another licence"):
        add_model(registry, "speeches", tmp_path / "alone", licence="proprietary")


def test_a_fold_of_a_study_is_a_model_whose_test_is_not_that_of_all_folds(registry, fitted, tmp_path):
    fold = tmp_path / "tune" / "fold-1"
    shutil.copytree(fitted.good / "model", fold)
    nothing = pa.table({})
    (tmp_path / "tune" / "evaluation").mkdir()
    write_evaluation(
        Evaluation((), (), nothing, nothing, passages=9, documents=3, folds=2),
        tmp_path / "tune" / "evaluation",
    )
    card = add_model(registry, "fold", fold).card
    assert [one.code for one in card.findings] == ["W501"]
    [served] = shelf_of_folder(fold, "fold").models.values()
    assert served.card.metrics == {}
    with pytest.raises(SettingsError, match="holds no evaluation"):
        add_model(registry, "fold", fold, evaluation=tmp_path / "tune" / "evaluation")


def test_what_a_killed_adding_left_is_removed_after_a_day_and_a_living_one_is_let_be(registry, fitted):
    registry.versions.mkdir()
    left = [registry.versions / f".partial-0123abc{n}-{'0' * 64}" for n in range(2)]
    for place in left:
        place.mkdir()
        (place / "encoder").write_bytes(b"half")
    os.utime(left[0], (time.time() - 90_000,) * 2)
    added = add_model(registry, "speeches", fitted.good)
    assert sorted(path.name for path in registry.versions.iterdir()) == [left[1].name, added.version]


def test_labels_that_differ_between_versions_are_refused_in_one_line(registry, fitted):
    add_model(registry, "speeches", fitted.good)
    with pytest.raises(MismatchError, match="divide, security, tax"):
        add_model(registry, "speeches", fitted.other_labels)
    assert len(versions_of(registry, "speeches")) == 1


@pytest.mark.parametrize("harm", ["truncate", "flip", "remove", "extra", "facts", "manifest"])
def test_a_damaged_version_is_named_and_nothing_is_loaded_or_promoted(registry, fitted, gate, harm):
    version = add_model(registry, "speeches", fitted.good).version
    folder = registry.versions / version
    weights = folder / "head.safetensors"
    if harm == "truncate":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif harm == "flip":
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(bytes(content))
    elif harm == "remove":
        weights.unlink()
    elif harm == "extra":
        (folder / "encoder" / "pytorch_model.bin").write_bytes(b"x")
    else:
        place = folder / ("model.json" if harm == "facts" else "manifest.json")
        place.write_text(place.read_text() + " ")
    with pytest.raises(CheckpointError, match=version[:12]) as caught:
        load_version(registry.versions, version)
    assert "Nothing was loaded" in str(caught.value)
    with pytest.raises(CheckpointError, match=version[:12]):
        promote_model(registry, "speeches", gate)
    assert production(registry, "speeches") is None


def test_a_damaged_model_is_not_added(registry, fitted, tmp_path):
    copied = tmp_path / "copy"
    shutil.copytree(fitted.good / "model", copied)
    (copied / "head.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"head\.safetensors"):
        add_model(registry, "speeches", copied)
    assert versions_of(registry) == ()


def test_the_gate_promotes_what_passes_refuses_what_forgets_and_keeps_both_decisions(registry, fitted, gate):
    good = add_model(registry, "speeches", fitted.good)
    assert promote_model(registry, "speeches", gate).promoted
    poor = add_model(registry, "speeches", fitted.poor, parent="1")
    refused = promote_model(registry, "speeches", gate)
    assert not refused.promoted
    assert "candidate minus production" in refused.summary()
    assert production(registry, "speeches").version == good.version
    assert find_version(registry, "speeches", "2").parent == good.version
    kept = [one for one in events_of(registry, "speeches") if one.version == poor.version]
    assert [one.kind for one in kept] == ["added", "refused"]
    assert any(reason.startswith("fails:") for reason in kept[-1].reasons)


def test_rollback_brings_the_version_before_back_and_again_the_one_before_that(registry, fitted, gate):
    good = add_model(registry, "speeches", fitted.good)
    promote_model(registry, "speeches", gate)
    with pytest.raises(SettingsError, match="nothing to go back to"):
        rollback_model(registry, "speeches")
    better = add_model(registry, "speeches", fitted.better)
    assert promote_model(registry, "speeches", gate).promoted
    assert rollback_model(registry, "speeches").version == good.version
    assert {one.version: one.stage for one in versions_of(registry)} == {
        good.version: "production",
        better.version: "retired",
    }
    assert [one.kind for one in events_of(registry)][-1] == "rolled-back"


def test_going_back_ends_at_the_first_promotion_also_where_a_version_was_promoted_twice(
    registry, fitted, gate
):
    good, better = (add_model(registry, "speeches", folder) for folder in (fitted.good, fitted.better))
    for version in (good, better, good):
        assert promote_model(registry, "speeches", gate, version=str(version.number)).promoted
    assert rollback_model(registry, "speeches").version == better.version
    assert rollback_model(registry, "speeches").version == good.version
    with pytest.raises(SettingsError, match="nothing to go back to"):
        rollback_model(registry, "speeches")


def test_a_metric_that_production_lacks_does_not_pass_and_what_a_task_lacks_is_told(fitted, tmp_path):
    gate = read_gate(write_gate(tmp_path, fitted.test, metric="accuracy_of_answered"))
    found = TaskEvaluation(
        "named-entity-recognition",
        "entity_f1",
        {"accuracy_of_answered": Interval(0.9, 0.8, 1.0)},
        examples=9,
        groups=9,
        findings=(),
        differences={"entity_f1": Interval(0.0, 0.0, 0.0)},
    )
    verdicts = judge_evaluation(found, gate, gate.tests[0], "old test")
    assert [one.passed for one in verdicts] == [True, False, True]
    assert "is not known of production" in verdicts[1].sentence
    assert "has no calibration error: not judged" in verdicts[2].sentence


@pytest.mark.parametrize("metric", ["expected_calibration_error", "mean_absolute_error", "perplexity"])
def test_a_metric_that_is_better_the_lower_it_is_promotes_nothing(fitted, tmp_path, metric):
    gate = read_gate(write_gate(tmp_path, fitted.test, metric=metric))
    worse = {metric: Interval(0.9, 0.8, 1.0)}
    found = TaskEvaluation("text-classification", "macro_f1", worse, 9, 9, (), differences=worse)
    with pytest.raises(SettingsError, match="better the lower it is"):
        judge_evaluation(found, gate, gate.tests[0], "old test")


def test_without_a_floor_none_is_asked_and_a_floor_may_be_below_0(fitted, tmp_path):
    metric = "log_probability_of_a_token"
    found = TaskEvaluation("text-generation", metric, {metric: Interval(-2.5, -2.6, -2.4)}, 9, 9, ())
    for floor, passed in (({}, True), ({"floor": -3}, True), ({"floor": -2.0}, False), ({"floor": 0}, False)):
        gate = read_gate(write_gate(tmp_path, fitted.test, largest_calibration_error=1, **floor))
        assert [one.passed for one in judge_evaluation(found, gate, gate.tests[0], "test")] == [passed]
    undefined = dataclasses.replace(found, metrics={metric: Interval(float("nan"), 0.0, 0.0)})
    gate = read_gate(write_gate(tmp_path, fitted.test, largest_calibration_error=1))
    assert [one.passed for one in judge_evaluation(undefined, gate, gate.tests[0], "test")] == [False]


def test_a_damaged_promotion_is_said_once_and_served_when_it_is_mended(registry, fitted, gate):
    add_model(registry, "speeches", fitted.good)
    promote_model(registry, "speeches", gate)
    said: list[tuple[str, ...]] = []
    shelf = shelf_of_registry(registry, {}, lambda *what: said.append(what))
    better = add_model(registry, "speeches", fitted.better)
    promote_model(registry, "speeches", gate)
    head = registry.versions / better.version / "head.safetensors"
    right = head.read_bytes()
    head.write_bytes(right[:-1])
    shelf.watch(0.02)
    try:
        until(lambda: any(event == "version not loaded" for event, *_ in said))
        time.sleep(0.3)
        assert sum(event == "version not loaded" for event, *_ in said) == 1
        assert shelf.models["speeches"].current.version != better.version
        head.write_bytes(right)
        until(lambda: shelf.models["speeches"].current.version == better.version)
    finally:
        shelf.close()


def test_an_entry_that_cannot_be_read_does_not_end_the_looking_for_promotions(registry, fitted, gate):
    add_model(registry, "speeches", fitted.good)
    promote_model(registry, "speeches", gate)
    said: list[str] = []
    shelf = shelf_of_registry(registry, {}, lambda event, *_: said.append(event))
    added = add_model(registry, "speeches", fitted.better)
    write = "UPDATE version SET card = :card WHERE number = 2"
    with registry.engine.begin() as connection:
        connection.execute(text(write), {"card": json.dumps({"of": "a later release"})})
    shelf.watch(0.02)
    try:
        until(lambda: "registry not read" in said)
        with registry.engine.begin() as connection:
            connection.execute(text(write), {"card": card_to_text(added.card)})
        assert promote_model(registry, "speeches", gate).promoted
        until(lambda: shelf.models["speeches"].current.version == added.version)
    finally:
        shelf.close()


def until(holds) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_is_exported_predicts_the_same_bytes_as_what_was_added(registry, fitted, tmp_path):
    add_model(registry, "speeches", fitted.good)
    export_model(registry, "speeches", tmp_path / "out", version="latest")
    predict_file(fitted.good, fitted.test, tmp_path / "a.jsonl")
    predict_file(tmp_path / "out", fitted.test, tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


@pytest.mark.parametrize("verb", ["UPDATE event SET kind = 'promoted'", "DELETE FROM event"])
def test_what_happened_cannot_be_changed_afterwards(registry, fitted, verb):
    add_model(registry, "speeches", fitted.good)
    with pytest.raises(exc.DBAPIError, match="only ever added"), registry.engine.begin() as connection:
        connection.execute(text(verb))


SPELLINGS = [
    "../x", "..", ".", "", "a/b", "a\\b", "..\\x", "%2e%2e%2fx", "%252e%252e", "/etc/passwd", "~", "~root", "file:///x",
    "\\\\host\\share", "x\0", "x;y", "C:\\x", "ａ", "．．／x", "x.", ".x", "x\n", "x ", "A", "a" * 300,
    "🙂", "x?y", "x#y", "*", "-x",
]  # fmt: skip


@pytest.mark.parametrize("name", SPELLINGS)
def test_no_spelling_of_a_name_reads_or_writes_outside_the_registry(registry, fitted, tmp_path, name):
    before = sorted(path for path in tmp_path.rglob("*"))
    with pytest.raises(SettingsError):
        add_model(registry, name, fitted.good)
    with pytest.raises(SettingsError):
        export_model(registry, name, tmp_path / "out")
    add_model(registry, "right", fitted.good)
    with pytest.raises(SettingsError):
        find_version(registry, "right", name)
    after = [path for path in tmp_path.rglob("*") if registry.versions not in (path, *path.parents)]
    assert sorted(after) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "names no"),
        ("floor = 'x'\n[[tests]]\npath='a'\nrole='old'", "floor"),
        ("flor = 1\n[[tests]]\npath='a'\nrole='old'", "Did you mean 'floor'"),
        ("floor = nan\n[[tests]]\npath='a'\nrole='old'", "floor"),
        ("[[tests]]\npath='a'\nrole='older'", "role"),
        ("[[tests]]\npath='a'\nrole='old'\nslices='x'", "slices"),
        ("[[tests", "no gate"),
    ],
)
def test_a_gate_that_cannot_be_used_is_refused_in_one_line(tmp_path, content, words):
    (tmp_path / "gate.toml").write_text(content)
    with pytest.raises(SettingsError, match=words):
        read_gate(tmp_path / "gate.toml")


def test_what_a_version_was_tuned_on_does_not_test_it(registry, fitted, tmp_path):
    add_model(registry, "speeches", fitted.good)
    learnt = write_gate(tmp_path, fitted.folder / "train.csv")
    with pytest.raises(SettingsError, match="is the file that version 1 of speeches was tuned on"):
        promote_model(registry, "speeches", learnt)
    assert [one.kind for one in events_of(registry, "speeches")] == ["added"]
    found = evaluate_file(fitted.good, fitted.folder / "train.csv", tmp_path / "own")
    assert "90 of 90 test examples" in next(str(one) for one in found.findings if one.code == "W101")


def test_a_test_that_was_changed_after_it_was_frozen_is_refused(registry, fitted, tmp_path):
    add_model(registry, "speeches", fitted.good)
    path = tmp_path / "gate.toml"
    path.write_text(f'[[tests]]\npath = "{fitted.test}"\nrole = "new"\nsha256 = "{"0" * 64}"\n')
    with pytest.raises(SettingsError, match="not the test that was frozen"):
        promote_model(registry, "speeches", path)


def test_latency_slices_and_calibration_are_asked_for(registry, fitted, tmp_path):
    add_model(registry, "speeches", fitted.good)
    gate = write_gate(
        tmp_path, fitted.test, largest_milliseconds=1e-6, largest_calibration_error=0.0, slice_floor=1.01
    )
    failed = [one.sentence for one in promote_model(registry, "speeches", gate).verdicts if not one.passed]
    assert len(failed) == 4
    for words in ("single rows", "calibration error", "region = north", "region = south"):
        assert any(words in sentence for sentence in failed)


def test_the_command_line_goes_the_whole_way(fitted, gate, tmp_path, capsys):
    place = ["--registry", str(tmp_path / "models")]
    assert main(["models", "add", "speeches", "--model", str(fitted.good), "--licence", "CC0", *place]) == 0
    assert main(["models", "promote", "speeches", "--gate", str(gate), *place]) == 0
    assert main(["models", "add", "speeches", "--model", str(fitted.poor), *place]) == 0
    assert main(["models", "promote", "speeches", "--gate", str(gate), *place]) == 1
    assert main(["models", "add", "speeches", "--model", str(fitted.better), *place]) == 0
    assert main(["models", "promote", "speeches", "--gate", str(gate), *place]) == 0
    assert main(["models", "rollback", "speeches", *place]) == 0
    assert main(["models", "list", *place]) == 0
    assert main(["models", "show", "speeches", "--version", "1", *place]) == 0
    assert main(["models", "export", "speeches", "--output", str(tmp_path / "out"), *place]) == 0
    said = capsys.readouterr().out
    assert "refused" in said
    assert "in production again" in said
    assert "Licence: CC0" in said
    assert (tmp_path / "out" / "model.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add"], "name is missing"),
        (["add", "x"], "--model"),
        (["show", "nobody"], "no model 'nobody'"),
        (["list", "nobody"], "no model 'nobody'"),
        (["rollback", "nobody"], "no model"),
        (["list", "--database", "mysql://x/y"], "not supported"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, capsys, arguments, words):
    open_registry(tmp_path / "r").engine.dispose()
    assert main(["models", *arguments, "--registry", str(tmp_path / "r")]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_a_gate_is_read_as_windows_writes_it_and_one_that_is_not_there_is_said_so(tmp_path, fitted):
    plain = write_gate(tmp_path, fitted.test, floor=0.5)
    wanted = read_gate(plain)
    plain.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))
    assert read_gate(plain) == wanted
    with pytest.raises(SettingsError, match=r"There is no gate .*none\.toml"):
        read_gate(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "arguments",
    [
        ["models", "list"],
        ["models", "show", "x"],
        ["models", "rollback", "x"],
        ["models", "promote", "x", "--gate", "g.toml"],
        ["models", "export", "x", "--output", "out"],
        ["watch", "--model", "x", "--live", "l.csv", "--output", "w"],
        ["update", "--model", "x", "--train", "t.csv", "--output", "u"],
        ["serve"],
    ],
)
def test_whoever_only_reads_a_registry_makes_none_where_its_path_is_mistyped(
    tmp_path, capsys, monkeypatch, arguments
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    for place in ("nowhere", "other"):
        assert main([*arguments, "--registry", place]) == 2
        said = capsys.readouterr().err
        assert f"registry = '{place}' is not there" in said
        assert said.count("\n") == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["other"]


def test_a_database_of_something_else_is_neither_read_as_an_index_nor_written_into(tmp_path, fitted, capsys):
    other, labels = tmp_path / "other.sqlite", tmp_path / "labels.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as database, database:
        database.execute("CREATE TABLE a (b)")
    connect(str(labels), LABELS).dispose()
    before = other.read_bytes()
    (tmp_path / "r").mkdir()
    for database, words in ((other, "is not there"), (labels, "holds no models")):
        place = ["--registry", str(tmp_path / "r"), "--database", str(database)]
        assert main(["models", "list", *place]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1
    assert other.read_bytes() == before
    place = ["--registry", str(tmp_path / "r"), "--database", str(labels)]
    assert main(["models", "add", "x", "--model", str(fitted.good), *place]) == 2
    assert "holds no models" in capsys.readouterr().err


def test_a_registry_that_can_only_be_read_is_read_and_refuses_what_would_write(
    tmp_path, fitted, capsys, monkeypatch
):
    place = ["--registry", str(tmp_path / "r")]
    assert main(["models", "add", "x", "--model", str(fitted.good), *place]) == 0
    before = sorted(path for path in (tmp_path / "r").rglob("*"))
    gate = write_gate(tmp_path, fitted.test)
    capsys.readouterr()
    # Root may write wherever it likes, so that what the system says of others stands in for it.
    monkeypatch.setattr(os, "access", lambda path, mode: not (Path(path).name == "r" and mode == os.W_OK))
    assert main(["models", "list", *place]) == 0
    assert "x  1  " in capsys.readouterr().out
    assert main(["models", "show", "x", *place]) == 0
    assert "added" in capsys.readouterr().out
    assert main(["models", "export", "x", "--version", "1", "--output", str(tmp_path / "out"), *place]) == 0
    capsys.readouterr()
    for asked in (
        ["add", "y", "--model", str(fitted.good)],
        ["import", "y", "--checkpoint", str(fitted.good / "encoder"), "--task", "text-classification"],
        ["promote", "x", "--gate", str(gate)],
        ["rollback", "x"],
    ):
        assert main(["models", *asked, *place]) == 2
        said = capsys.readouterr().err
        assert f"{tmp_path / 'r'} can only be read here: no version can be added or promoted." in said
        assert said.count("\n") == 1
    assert sorted(path for path in (tmp_path / "r").rglob("*")) == before  # not even a file of SQLite's own


def test_an_index_that_can_only_be_read_is_read_with_its_log_or_not_at_all(tmp_path, fitted, monkeypatch):
    """Its last changes stand in a log while somebody has it open, or where the machine stopped."""
    registry = open_registry(tmp_path / "live")
    add_model(registry, "x", fitted.good)
    shutil.copytree(tmp_path / "live", tmp_path / "r")  # as it lies on the disk while it is open
    registry.engine.dispose()
    monkeypatch.setattr(os, "access", lambda path, mode: not (Path(path).name == "r" and mode == os.W_OK))
    opened = open_registry(tmp_path / "r")
    assert [one.name for one in versions_of(opened)] == ["x"]
    (tmp_path / "r" / "index.sqlite-shm").unlink()
    with pytest.raises(StorageError, match=r"its last changes stand in index\.sqlite-wal"):
        versions_of(opened)


def test_an_index_of_an_earlier_version_that_can_only_be_read_is_told_so(tmp_path, fitted, monkeypatch):
    open_registry(tmp_path / "r").engine.dispose()
    with contextlib.closing(sqlite3.connect(tmp_path / "r" / "index.sqlite")) as index, index:
        index.execute("DELETE FROM migration WHERE number > 1")
    monkeypatch.setattr(os, "access", lambda path, mode: not (Path(path).name == "r" and mode == os.W_OK))
    with pytest.raises(StorageError, match="can only be read here, and is of version 1"):
        open_registry(tmp_path / "r")


@pytest.mark.parametrize("url", [store for store in STORES if store == "postgresql"])
def test_with_its_index_elsewhere_nothing_is_written_into_the_folder_by_whoever_reads(
    tmp_path, fitted, cluster, url
):
    database = cluster.database()
    open_registry(tmp_path / "r", database=database).engine.dispose()
    (tmp_path / "r" / ".lock").unlink()
    open_registry(tmp_path / "r", database=database, create=False).engine.dispose()
    assert not (tmp_path / "r" / ".lock").exists()


def test_a_card_that_cannot_be_read_is_named_in_one_line(registry, fitted):
    add_model(registry, "speeches", fitted.good)
    for card in ("{", "{}", '{"labels": 3}', "[]"):
        with registry.engine.begin() as connection:
            connection.execute(text("UPDATE version SET card = :card"), {"card": card})
        with pytest.raises(ArtifactError, match=r"The card of version 1 of speeches .* is damaged") as caught:
            versions_of(registry)
        assert "\n" not in str(caught.value)


def test_an_index_elsewhere_is_made_by_what_adds_alone(tmp_path, fitted, database, capsys):
    place = ["--registry", str(tmp_path / "r"), "--database", database or str(tmp_path / "index.sqlite")]
    (tmp_path / "r").mkdir()
    assert main(["models", "list", *place]) == 2
    assert "is not there" in capsys.readouterr().err
    assert main(["models", "add", "x", "--model", str(fitted.good), *place]) == 0
    assert main(["models", "list", *place]) == 0
    assert "candidate" in capsys.readouterr().out
