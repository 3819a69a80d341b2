"""No checkpoint and no model runs code, opens a connection or gets into the registry; each is refused in one line."""

from __future__ import annotations

import json

import pytest

from adapt.warm_process import run


@pytest.fixture(scope="module")
def found(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("malice")
    checkpoint, model = fitted.folder / "checkpoint", fitted.good / "model"
    done = run("-m", "registry.malice", str(checkpoint), str(model), str(folder))
    assert done.returncode == 0, done.stderr
    assert not (folder / "canary").exists()
    return json.loads(done.stdout.splitlines()[-1])


def test_more_than_thirty_malicious_checkpoints_and_models_are_refused(found):
    cases = {
        case: said
        for case, said in found["outcome"].items()
        if case.startswith(("weights", "model", "registry"))
    }
    assert len(cases) >= 30
    assert {case: said for case, said in cases.items() if said != "refused"} == {}


def test_more_than_twenty_configurations_that_ask_for_code_are_refused_at_every_door(found):
    cases = {case: said for case, said in found["outcome"].items() if case.startswith("configuration")}
    assert len(cases) >= 40
    assert {case: said for case, said in cases.items() if said not in ("refused", "refused, refused")} == {}


@pytest.mark.parametrize(("kind", "least"), [("tokenizer", 15), ("template", 15)])
def test_tokenizers_and_templates_that_explode_or_reach_out_are_refused_in_one_line(found, kind, least):
    cases = {case: said for case, said in found["outcome"].items() if case.startswith(kind)}
    assert len(cases) >= least
    assert {case: said for case, said in cases.items() if said != "refused"} == {}


def test_nothing_connects_starts_a_program_or_is_kept(found):
    assert found["seen"] == []
    assert found["outcome"]["kept"] == "0"


def test_the_search_reads_no_code_from_a_store_that_others_wrote(tmp_path, fitted):
    """Optuna's database holds JSON; pickles in their place are refused in one line."""
    import sqlite3

    from adapt.search.test_search import FILES, PLAN, SPACE
    from headwinds.adapt.search.trials import search
    from headwinds.adapt.settings import TuneSettings
    from headwinds.errors import StorageError
    from registry.malice import pickled

    settings = TuneSettings(checkpoint=str(fitted.folder / "checkpoint"), batch_tokens=512)
    search(FILES, settings, SPACE, PLAN, tmp_path / "out", quiet=True)
    canary = tmp_path / "canary"
    with sqlite3.connect(tmp_path / "out" / "search.db") as store:
        for table in ("trial_params", "trial_user_attributes", "trial_system_attributes"):
            columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
            for column in ("distribution_json", "value_json"):
                if column in columns:
                    store.execute(f"UPDATE {table} SET {column} = ?", (pickled(canary).decode("latin-1"),))
    store.close()
    with pytest.raises(StorageError) as caught:
        search(FILES, settings, SPACE, PLAN, tmp_path / "out", quiet=True)
    assert "\n" not in str(caught.value)
    assert not canary.exists()
