"""Time and energy on a version's card: measured or said not to be, and no part of what names the model."""

from __future__ import annotations

import json
import shutil

import pytest

from headwinds.adapt.audit.filing import audit_file
from headwinds.adapt.audit.running import AuditSettings
from headwinds.adapt.fit_cost import FitCost, cost_beside, costed
from headwinds.cli.main import main
from headwinds.doors.registering import add_model
from headwinds.errors import MismatchError, SettingsError
from headwinds.registry.card import card_from_text, card_lines, card_to_text
from headwinds.registry.versions import version_of


@pytest.fixture(scope="module")
def audited(fitted, tmp_path_factory):
    output = tmp_path_factory.mktemp("audited")
    audit_file(fitted.good, fitted.test, output, AuditSettings(parts=("energy",)))
    return output


def test_the_card_tells_what_the_fitting_took_and_the_models_folder_does_not(registry, fitted):
    added = add_model(registry, "speeches", fitted.good)
    cost = added.card.fitting
    assert cost == cost_beside(fitted.good / "model", added.version)
    assert 0 < cost.seconds < 600
    assert cost.processor_seconds > 0
    assert cost.whole
    assert not list((fitted.good / "model").rglob("cost.json"))
    [line] = [one for one in card_lines(added.card) if one.startswith("Fitted in")]
    assert f"{cost.seconds:,.1f} s" in line


def test_what_was_not_measured_is_said_once_and_no_number_stands_for_it(registry, fitted, tmp_path):
    shutil.copytree(fitted.good / "model", tmp_path / "alone")
    card = add_model(registry, "speeches", tmp_path / "alone").card
    assert card.fitting is None
    assert [one for one in card_lines(card) if "measured" in one] == [
        "Time and energy of the fitting: not measured here."
    ]
    assert add_model(registry, "speeches", fitted.good).card.fitting is not None  # completed


def test_the_cost_of_another_model_that_stood_there_is_not_taken(fitted, tmp_path):
    shutil.copytree(fitted.poor / "model", tmp_path / "out" / "model")
    shutil.copy(fitted.good / "cost.json", tmp_path / "out" / "cost.json")
    assert cost_beside(tmp_path / "out" / "model", version_of(tmp_path / "out" / "model")[0]) is None


def test_an_audit_of_this_very_model_gives_what_predictions_cost(registry, fitted, audited):
    add_model(registry, "speeches", fitted.good)
    card = add_model(registry, "speeches", fitted.good, audit=audited).card
    assert card.predicting.documents == 80
    assert card_from_text(card_to_text(card)) == card
    assert any(one.startswith("Predictions: ") and "thousand documents" in one for one in card_lines(card))
    with pytest.raises(MismatchError, match="audit of another model"):
        add_model(registry, "speeches", fitted.better, audit=audited)
    with pytest.raises(SettingsError, match="holds no audit"):
        add_model(registry, "speeches", fitted.better, audit=fitted.better)


def test_the_processors_counter_is_read_where_there_is_one(tmp_path):
    counter = tmp_path / "power" / "intel-rapl:0"
    counter.mkdir(parents=True)
    (counter / "energy_uj").write_text("1000000")
    for name in ("model", "scratch"):
        (tmp_path / name).mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    with costed(tmp_path, tmp_path / "model", tmp_path / "scratch", counters=tmp_path / "power"):
        (counter / "energy_uj").write_text("43000000")
    assert json.loads((tmp_path / "cost.json").read_text())["joules"] == 42.0
    with costed(tmp_path, tmp_path / "model", tmp_path / "scratch", counters=tmp_path / "power"):
        (counter / "energy_uj").write_text("5")  # it ran over
    assert json.loads((tmp_path / "cost.json").read_text())["joules"] is None


def test_a_fitting_that_went_on_after_an_interruption_says_that_it_is_not_the_whole(tmp_path):
    for name in ("model", "scratch"):
        (tmp_path / name).mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    (tmp_path / "scratch" / "state").write_bytes(b"x")
    with costed(tmp_path, tmp_path / "model", tmp_path / "scratch", counters=tmp_path / "none"):
        pass
    saved = json.loads((tmp_path / "cost.json").read_text())
    saved.pop("model")
    assert FitCost(**saved).whole is False


def test_the_command_line_takes_the_audit(fitted, audited, tmp_path, capsys):
    place = ["--registry", str(tmp_path / "models")]
    given = ["--model", str(fitted.good), "--audit", str(audited)]
    assert main(["models", "add", "speeches", *given, *place]) == 0
    assert main(["models", "show", "speeches", *place]) == 0
    assert "Predictions: " in capsys.readouterr().out
