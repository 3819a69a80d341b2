"""A search ends where it would have ended, whatever stops it; the winner is no lucky seed; the test chooses nothing."""

from __future__ import annotations

import json
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import optuna
import pytest

from adapt.warm_process import start
from adapt.warm_workers import warm_workers
from headwinds.adapt.search import trials
from headwinds.adapt.search.fits import COMPLETE, FAILED, PRUNED, fit_by_workers
from headwinds.adapt.search.guidance import in_memory, judged_by
from headwinds.adapt.search.outcome import TrialRecord, importances, tune_section, unstable_finalists
from headwinds.adapt.search.space import Choice, Range, parse_space
from headwinds.adapt.search.trials import SearchSettings, search
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.cli.main import main
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.telling import tell_nobody
from headwinds.errors import SettingsError, StorageError
from headwinds.study.study_file import tune_settings

EXAMPLES = Path(__file__).parents[3] / "examples"
FILES = LabelledFiles(EXAMPLES / "intents-train.csv", test=EXAMPLES / "intents-test.csv")
SPACE = {"learning_rate": Range(1e-4, 1e-1, whole=False), "epochs": Range(1, 4, whole=True)}
COMPLETED = optuna.trial.TrialState.COMPLETE
PLAN = SearchSettings(trials=6, finalists=2, seeds=2)


def settings_of(checkpoint: Path) -> TuneSettings:
    return TuneSettings(checkpoint=str(checkpoint), batch_tokens=512)


@pytest.fixture(scope="module")
def searched(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("search")
    search(FILES, settings_of(tiny_checkpoint), SPACE, PLAN, output, quiet=True)
    return output


def test_the_winner_has_the_highest_mean_less_its_standard_error(searched: Path) -> None:
    found = json.loads((searched / "search.json").read_text())
    assert found["winner"]["bound"] == max(one["bound"] for one in found["finalists"])
    for one in found["finalists"]:
        scores = list(one["scores"].values())
        assert len(scores) == PLAN.seeds
        assert one["mean"] == pytest.approx(sum(scores) / len(scores))
        assert one["bound"] == pytest.approx(one["mean"] - abs(scores[0] - scores[1]) / 2)


def test_it_never_does_worse_than_the_settings_it_began_with(searched: Path) -> None:
    found = json.loads((searched / "search.json").read_text())
    first, *others = found["trials"]
    assert first["settings"]["learning_rate"] == 1e-4  # the method's own, which lies in the space
    assert max(one["score"] for one in found["trials"] if one["state"] == "complete") >= first["score"]
    assert len(others) == PLAN.trials - 1


@pytest.mark.parametrize("scores", [[0.5], [0.5, 0.5, 0.5], [0.5, 0.7, 0.6, 0.4]])
def test_what_mattered_is_not_known_of_one_trial_or_equal_ones_and_no_warning_of_a_library_is_shown(scores):
    study = in_memory()
    for number, score in enumerate(scores):
        study.add_trial(
            optuna.trial.create_trial(
                value=score,
                params={"rate": 0.1 * number, "epochs": number},
                distributions={
                    "rate": optuna.distributions.FloatDistribution(0, 1),
                    "epochs": optuna.distributions.IntDistribution(0, 9),
                },
            )
        )
    assert sorted(importances(study)) == (["epochs", "rate"] if len(set(scores)) > 1 else [])


def test_a_search_of_one_trial_says_that_nothing_is_known_of_what_mattered(
    tiny_checkpoint, tmp_path, capsys, recwarn
):
    given = [
        "--train",
        str(FILES.train),
        "--checkpoint",
        str(tiny_checkpoint),
        "--quiet",
        "--set",
        "tune.epochs=1",
    ]
    command = ["tune", "--task", "text-classification", *given, "--search", "1", "--output", str(tmp_path)]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "W280 Which settings mattered cannot be told" in said.out
    assert "What mattered" not in said.out
    assert "Warning" not in said.err
    assert not [one for one in recwarn if "optuna" in str(one.filename)]
    assert "W280" in (tmp_path / "search.html").read_text(encoding="utf-8")


def test_the_written_section_is_the_model_that_was_tuned(searched: Path, tiny_checkpoint: Path) -> None:
    section = tomllib.loads((searched / "tune.toml").read_text())["tune"]
    winner = json.loads((searched / "search.json").read_text())["winner"]["settings"]
    assert replace(settings_of(tiny_checkpoint), **winner) == tune_settings(section)
    assert (searched / "model" / "model.json").exists()
    assert (searched / "evaluation" / "evaluation.json").exists()


def test_a_winner_whose_checkpoint_stands_under_any_name_is_written_as_a_study_reads_it() -> None:
    chosen = TuneSettings(checkpoint="模型/😀 'a' \"b\"\\c")
    assert tomllib.loads(tune_section(chosen))["tune"] == {"checkpoint": chosen.checkpoint}


def test_a_second_run_finds_every_trial_and_writes_the_same_bytes(
    searched: Path, tiny_checkpoint: Path
) -> None:
    before = {name: (searched / name).read_bytes() for name in ("search.json", "search.html", "tune.toml")}
    started = time.monotonic()
    found, tuned = search(FILES, settings_of(tiny_checkpoint), SPACE, PLAN, searched, quiet=True)
    assert tuned.reused
    assert time.monotonic() - started < 5
    assert f"* trial {found.winner.trial}: validation {found.winner.mean:.4f} over" in found.summary()
    assert list(found.table["trial"]) == [one.number for one in found.trials]
    assert len(found.plot().axes[0].lines) == 3  # the best so far, trials that ended, trials given up
    assert tuned.summary().endswith(f"Model: {searched / 'model'} (found, nothing changed)")
    assert before == {name: (searched / name).read_bytes() for name in before}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_finalist_that_does_not_train_with_every_seed_cannot_win_and_ends_no_search(
    tiny_checkpoint: Path, tmp_path: Path, workers: int
) -> None:
    """It ended the search, and did so again each time: its trial had trained, with another seed."""
    settings = replace(settings_of(tiny_checkpoint), epochs=1)
    wild = {"learning_rate": 9e5, "gradient_clip": 9e5}
    ranked = [TrialRecord(number, "complete", 0.5, 1, own) for number, own in ((1, wild), (2, {}))]
    compute = ComputeSettings(workers=workers) if workers else None
    bad, good = trials._finalists(ranked, FILES, settings, 1, tmp_path, True, compute, tell_nobody)
    assert "The loss is nan" in bad.reason
    assert not bad.scores
    assert (good.reason, good.bound) == ("", good.mean)
    assert [one.code for one in unstable_finalists([bad, good])] == ["W281"]
    assert json.loads(json.dumps(asdict(good)))["scores"]


def test_a_hopeless_trial_is_ended_early_and_a_diverging_one_is_told(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    space = {"learning_rate": Choice((1e-3, 3e-3, 1e-2, 9e5))}
    settings = replace(settings_of(tiny_checkpoint), epochs=4)
    plan = SearchSettings(trials=14, finalists=1, seeds=1)
    outcome, _ = search(FILES, settings, space, plan, tmp_path, quiet=True)
    failed = [one for one in outcome.trials if one.state == "failed"]
    assert failed
    assert all("learning rate" in one.reason for one in failed)
    pruned = [one for one in outcome.trials if one.state == "pruned"]
    assert all(1 < one.epochs < 4 for one in pruned)
    assert outcome.winner.settings["learning_rate"] != 9e5


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("learning_rat=1..2", "unknown setting 'learning_rat'"),
        ("seed=1,2", "seed must not vary"),
        ("private_epsilon=0,4", "private_epsilon must not vary"),
        ("epochs=2.5..4", "epochs cannot be '2.5', expected a whole number"),
        ("epochs=4..2", "epochs goes from 4 to 2"),
        ("pooling=mean..smooth-maximum", "pooling has no range"),
        ("epochs=", "no values"),
    ],
)
def test_an_impossible_space_is_one_clear_line(item: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_space([item])


def test_a_space_as_the_command_line_writes_it() -> None:
    space = parse_space(
        ["learning_rate=1e-5..1e-3", "epochs=2..8", "method=full,lora", "merge_adapter=true,false"]
    )
    assert space["learning_rate"] == Range(1e-5, 1e-3, whole=False)
    assert isinstance(space["learning_rate"], Range)
    assert space["learning_rate"].logarithmic
    assert space["epochs"] == Range(2, 8, whole=True)
    assert space["method"] == Choice(("full", "lora"))
    assert space["merge_adapter"] == Choice((True, False))


def test_a_value_that_no_tuning_takes_is_refused_before_the_first_trial(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    space = {"learning_rate": Range(1.0, 1e30, whole=False)}
    with pytest.raises(SettingsError, match="learning_rate = 1e\\+30 cannot be used"):
        search(FILES, settings_of(tiny_checkpoint), space, PLAN, tmp_path, quiet=True)
    assert not (tmp_path / "search.db").exists()


def test_a_database_that_is_not_there_is_one_clear_line(tiny_checkpoint: Path, tmp_path: Path) -> None:
    plan = replace(PLAN, storage=f"sqlite:///{tmp_path}/none/search.db")
    with pytest.raises(StorageError, match="database cannot be used"):
        search(FILES, settings_of(tiny_checkpoint), SPACE, plan, tmp_path / "out", quiet=True)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # threads share what is ignored
def test_searches_on_one_database_that_begin_at_once_try_different_values(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tiny_checkpoint)
    plan = SearchSettings(trials=3, storage=f"sqlite:///{tmp_path}/shared.db")
    studies = [trials._open(FILES, settings, SPACE, plan, tmp_path / str(number)) for number in range(3)]
    together, tried = threading.Barrier(3), []

    def fit(files, chosen, *rest):
        tried.append((chosen.learning_rate, chosen.epochs))
        if len(tried) <= 3:
            together.wait(timeout=30)
        return 0.5

    monkeypatch.setattr(trials, "_fit", fit)
    with ThreadPoolExecutor(3) as pool:
        running = [
            pool.submit(trials._run_trials, study, FILES, settings, SPACE, plan, tmp_path, quiet=True)
            for study in studies
        ]
    assert [one.exception() for one in running] == [None] * 3
    assert len(set(tried)) == len(tried) >= 3
    own = trials._own_values(settings, SPACE)
    assert own["learning_rate"] in {rate for rate, _ in tried}


def test_finalists_fitted_by_two_workers_have_the_scores_of_one(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    every = [replace(settings_of(tiny_checkpoint), epochs=1, seed=seed) for seed in (0, 1)]
    with warm_workers():
        one, two = (
            list(fit_by_workers(FILES, every, tmp_path / str(workers), ComputeSettings(workers=workers)))
            for workers in (1, 2)
        )
    assert one == two
    assert [fit.state for fit in one] == [COMPLETE, COMPLETE]
    assert one[0].score != one[1].score


def test_a_fit_is_judged_by_the_trials_it_is_given_and_one_whose_loss_is_not_finite_says_so(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    good = replace(settings_of(tiny_checkpoint), epochs=3)
    wild = replace(good, learning_rate=9e5, gradient_clip=9e5)
    earlier = (((1, 2.0), (2, 2.0), (3, 2.0)),) * 4
    alone = ComputeSettings(workers=1)
    (pruned,) = fit_by_workers(FILES, [good], tmp_path / "a", alone, earlier=earlier)
    (kept,) = fit_by_workers(FILES, [good], tmp_path / "a", alone, earlier=earlier[:3])
    (failed,) = fit_by_workers(FILES, [wild], tmp_path / "a", alone, earlier=())
    assert (pruned.state, kept.state, failed.state) == (PRUNED, COMPLETE, FAILED)
    assert len(pruned.epochs) < len(kept.epochs) == 3
    assert dict(pruned.epochs).items() <= dict(kept.epochs).items()
    assert kept.score == max(score for _, score in kept.epochs)
    assert "The loss is nan" in failed.reason


def test_trials_drawn_together_are_the_same_for_any_number_of_workers_and_after_a_kill(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    plan = SearchSettings(trials=5, finalists=1, seeds=2, together=3)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    chosen = settings_of(tiny_checkpoint)
    alone = search(FILES, chosen, SPACE, plan, whole, quiet=True, compute=ComputeSettings(workers=1))[0]
    assert sorted(alone.winner.scores) == [0, 1]
    command = (
        "import sys; from pathlib import Path; from adapt.search.test_search import *;"
        "warm = warm_workers(); warm.__enter__();"
        "search(FILES, settings_of(Path(sys.argv[1])), SPACE, SearchSettings(5, finalists=1, seeds=2, together=3),"
        "Path(sys.argv[2]), quiet=True, compute=ComputeSettings(workers=2))"
    )
    child = start("-c", command, str(tiny_checkpoint), str(killed))
    while child.poll() is None and not list((killed / "groups").glob("group-000003/shard-*")):
        time.sleep(0.02)
    assert child.poll() is None, "it ended before it could be killed"
    child.kill()
    child.wait()
    with warm_workers():
        search(FILES, chosen, SPACE, plan, killed, quiet=True, compute=ComputeSettings(workers=2))
    for name in ("search.json", "tune.toml"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    found = json.loads((whole / "search.json").read_text())
    assert len({json.dumps(one["settings"], sort_keys=True) for one in found["trials"]}) == 5


def test_trials_of_a_method_without_epochs_are_drawn_together_too() -> None:
    """The second group of a search with `few-shot` ended in a traceback: it had no score of an epoch to be judged by."""
    trial = judged_by(((), ((1, 0.5), (2, 0.6))))
    assert [len(one.intermediate_values) for one in trial.study.get_trials(states=(COMPLETED,))] == [2]
    assert not judged_by(((),)).should_prune()


def test_trials_together_and_a_shared_database_are_one_too_many() -> None:
    with pytest.raises(SettingsError, match="two ways to run trials"):
        SearchSettings(together=2, storage="sqlite:///x.db")


def test_a_search_in_private_is_refused_since_every_trial_would_spend_anew(
    tiny_checkpoint: Path, tmp_path: Path
):
    chosen = replace(settings_of(tiny_checkpoint), method="head", private_epsilon=3.0)
    with pytest.raises(SettingsError, match="every trial reads the same rows again"):
        search(FILES, chosen, SPACE, SearchSettings(trials=2), tmp_path, quiet=True)


def test_a_search_of_which_no_trial_ends_says_why_in_its_one_line(tiny_checkpoint: Path, tmp_path: Path):
    pairs = [{"text": f"growth {n}", "text_b": f"incomes {n}", "score": n % 3} for n in range(20)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    alike = [pair | {"text": f"trade {pair['text']}", "score": 3} for pair in pairs]
    (tmp_path / "alike.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in alike))
    files = LabelledFiles(tmp_path / "pairs.jsonl", tmp_path / "alike.jsonl")
    chosen = replace(settings_of(tiny_checkpoint), task="sentence-similarity", epochs=1)
    plan = SearchSettings(trials=2, finalists=1, seeds=1)
    with pytest.raises(SettingsError, match=r"None of 2 trials .* examples give no score"):
        search(files, chosen, SPACE, plan, tmp_path / "out", quiet=True)
