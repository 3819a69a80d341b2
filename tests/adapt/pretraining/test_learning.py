"""What is learnt: context, in every objective; and what comes out is a checkpoint that the rest of Headwinds takes."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer

from adapt.pretraining.corpus import small, write_lines
from headwinds.adapt.pretraining.pretraining import forecast, pretrain_files
from headwinds.errors import SettingsError


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lines(tmp_path_factory.mktemp("text"))


@pytest.mark.parametrize(
    ("architecture", "steps", "share"),
    [
        ("bert-tiny", 100, 0.3),
        ("modernbert-tiny", 120, 0.3),
        ("electra-tiny", 120, 0.3),
        ("gpt2-tiny", 50, 0.0),
        ("llama-tiny", 50, 0.0),
        ("t5-tiny", 90, 0.15),
    ],
)
def test_a_small_network_learns_more_than_how_often_each_token_stands_there(
    text: Path, tmp_path: Path, architecture: str, steps: int, share: float
):
    settings = small(architecture=architecture, tokens=steps * 512, mask_share=share)
    found = pretrain_files([text], settings, tmp_path, quiet=True).report
    assert found.ratio.upper < 0.8, found.summary()
    assert found.perplexity.lower < found.perplexity.value < found.perplexity.upper
    if architecture.startswith("electra"):  # of who says "half and half" it is the logarithm of 2
        assert 0 < found.detection.upper < math.log(2)
    assert "W231" not in [finding.code for finding in found.findings]


def test_a_network_that_has_learnt_nothing_is_said_to_have_learnt_nothing(text: Path, tmp_path: Path):
    found = pretrain_files([text], small(tokens=1024, learning_rate=1e-6), tmp_path, quiet=True).report
    assert found.ratio.lower > 0.9
    assert "W231" in [finding.code for finding in found.findings]


def test_the_end_of_a_text_is_no_surprise_to_who_knows_how_often_texts_end(text: Path, tmp_path: Path):
    """By hand from the files, with one end a document, which no text holds and every model is asked for."""
    settings = small(architecture="gpt2-tiny", tokens=512, sequence_tokens=64)
    found = pretrain_files([text], settings, tmp_path, quiet=True)
    shard = tmp_path / "tokens" / "shard-00000"
    counts = np.fromfile(shard / "training.counts", "<i8").astype(float)
    end = AutoTokenizer.from_pretrained(found.folder).eos_token_id
    assert counts[end] == 0
    counts[end] = len(np.fromfile(shard / "training.starts", "<i8")) - 1
    surprise = -np.log((counts + 1) / (counts + 1).sum())
    starts = np.fromfile(shard / "held-out.starts", "<i8")
    tokens = np.fromfile(shard / "held-out.tokens", "<u2")
    asked = np.concatenate([[*tokens[first + 1 : last], end] for first, last in itertools.pairwise(starts)])
    assert found.report.baseline.value == pytest.approx(np.exp(surprise[asked].mean()), rel=0.03)


@pytest.mark.parametrize("architecture", ["bert-tiny", "modernbert-tiny", "electra-tiny"])
def test_an_encoder_is_tuned_like_any_checkpoint(text: Path, tmp_path: Path, architecture: str):
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tuning import tune_files
    from headwinds.adapt.tuning_files import LabelledFiles

    made = pretrain_files([text], small(architecture=architecture, tokens=4096), tmp_path / "p", quiet=True)
    rows = [
        {"text": f"in the north {word} is there {number}", "label": word}
        for number in range(20)
        for word in ("growth", "divide")
    ]
    train = tmp_path / "train.jsonl"
    train.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    settings = TuneSettings(checkpoint=str(made.folder), epochs=2, precision="float32")
    tuned = tune_files(LabelledFiles(train), settings, tmp_path / "t", quiet=True)
    assert (tuned.folder / "model.json").is_file()


@pytest.mark.parametrize("architecture", ["gpt2-tiny", "t5-tiny"])
def test_a_model_that_writes_is_tuned_like_any_checkpoint(text: Path, tmp_path: Path, architecture: str):
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tuning import tune_files
    from headwinds.adapt.tuning_files import LabelledFiles

    made = pretrain_files([text], small(architecture=architecture, tokens=1024), tmp_path / "p", quiet=True)
    rows = [
        {"text": f"in the north {word} is there", "summary": word}
        for _ in range(8)
        for word in ("growth", "divide")
    ]
    train = tmp_path / "train.jsonl"
    train.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    settings = TuneSettings(
        checkpoint=str(made.folder), task="summarisation", epochs=1, precision="float32", learning_rate=1e-3
    )
    tuned = tune_files(LabelledFiles(train), settings, tmp_path / "t", quiet=True)
    assert (tuned.folder / "model.json").is_file()


@pytest.mark.parametrize(
    ("architecture", "first", "later"),
    [
        ("bert-tiny", "masked", "masked"),
        ("electra-tiny", "replaced", "replaced"),
        ("gpt2-tiny", "", "causal"),
    ],
)
def test_what_was_pretrained_here_is_continued_here_from_where_it_was(
    text: Path, tmp_path: Path, architecture: str, first: str, later: str
):
    made = pretrain_files(
        [text],
        small(architecture=architecture, objective=first, tokens=30 * 512),
        tmp_path / "a",
        quiet=True,
    )
    settings = small(
        checkpoint=str(made.folder), layers=0, width=0, tokens=1024, learning_rate=1e-9, objective=later
    )
    again = pretrain_files([text], settings, tmp_path / "b", quiet=True).report
    assert again.perplexity.value == pytest.approx(made.report.perplexity.value, rel=1e-3)
    assert "W116" not in [finding.code for finding in again.findings]


def test_a_checkpoint_without_an_output_layer_gets_one_tied_to_its_embeddings(
    text: Path, tmp_path: Path, tiny_checkpoint: Path
):
    settings = small(checkpoint=str(tiny_checkpoint), layers=0, width=0, tokens=80 * 512, learning_rate=2e-3)
    made = pretrain_files([text], settings, tmp_path, quiet=True)
    assert "W116" in [finding.code for finding in made.report.findings]
    assert made.report.ratio.upper < 1

    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_pretrained(str(made.folder), local_files_only=True)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_a_finished_run_is_found_again_with_its_report(text: Path, tmp_path: Path):
    first = pretrain_files([text], small(), tmp_path, quiet=True)
    again = pretrain_files([text], small(save_seconds=5.0), tmp_path, quiet=True)
    assert not first.reused
    assert again.reused
    assert again.report.summary() == first.report.summary()
    assert again.report.curve == first.report.curve


def test_a_forecast_trains_nothing_and_a_budget_becomes_steps_that_are_kept(text: Path, tmp_path: Path):
    settings = small(tokens=0, budget="1s")
    planned = forecast([text], settings, tmp_path, quiet=True)
    assert not (tmp_path / "model").exists()
    assert planned.steps >= 1
    assert planned.speed.step_operations > 0
    assert 0 < planned.speed.utilisation < 1
    assert "tokens a second" in planned.summary()
    assert pretrain_files([text], settings, tmp_path, quiet=True).report.steps == planned.steps


def test_the_report_has_the_face_of_every_result(text: Path, tmp_path: Path):
    report = pretrain_files([text], small(), tmp_path, quiet=True).report
    assert {"held_out_perplexity", "tokens_a_second", "utilisation"} <= set(report.table["quantity"])
    assert "Held-out perplexity" in report.summary()
    assert report.plot().axes
    assert "<table" in report.to_html()


def test_an_architecture_without_a_head_for_the_objective_is_refused(text: Path, tmp_path: Path):
    with pytest.raises(SettingsError, match="has a head for 'masked' alone"):
        pretrain_files([text], small(objective="causal"), tmp_path)
    with pytest.raises(SettingsError, match="Did you mean 'bert-mini'"):
        pretrain_files([text], small(architecture="brt-mini"), tmp_path)


def test_the_tokenizer_of_one_run_serves_another(text: Path, tmp_path: Path):
    first = pretrain_files([text], small(tokens=512), tmp_path / "first", quiet=True)
    for folder in (tmp_path / "first" / "tokenizer", first.folder):
        settings = small(tokens=512, tokenizer=str(folder), seed=2)
        second = pretrain_files([text], settings, tmp_path / folder.name, quiet=True)
        assert (second.folder / "tokenizer.json").read_bytes() == (
            first.folder / "tokenizer.json"
        ).read_bytes()


@pytest.mark.parametrize(("ratio", "told"), [(0.3, False), (1.2, True)])
def test_a_test_of_too_few_documents_for_an_interval_does_not_say_that_nothing_was_learnt(ratio, told):
    from headwinds.adapt.pretraining.held_out import HeldOut
    from headwinds.adapt.pretraining.objectives.registry import get_objective
    from headwinds.adapt.pretraining.report import findings_of
    from headwinds.adapt.pretraining.token_store import TokenStore
    from headwinds.contracts import Interval

    alone = [Interval(value, float("nan"), float("nan")) for value in (10 * ratio, 10.0, ratio)]
    found = HeldOut(*alone, None, documents=3, asked=50)
    store = TokenStore((), 100, 40, 3, 900, 50, 0, 0.0)
    codes = {
        one.code for one in findings_of(found, store, get_objective("masked"), epochs=1, unread=(), new=())
    }
    assert "W115" in codes
    assert ("W231" in codes) == told
