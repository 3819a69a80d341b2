"""The loop: batches keep their budget, gradients are the formula's, and an interrupted run ends with the same bits."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from headwinds.adapt import encoding
from headwinds.adapt.encoding import encode_texts, encode_with_offsets
from headwinds.adapt.fold import LabelledTexts, fit_fold, plan_folds
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.training import loop
from headwinds.adapt.training.batches import collate, plan_batches
from headwinds.adapt.training.optimizer import learning_rate_share
from headwinds.artifacts.fingerprint import file_digest
from headwinds.errors import SettingsError, TrainingError


def settings(checkpoint: Path, **changes: object) -> TuneSettings:
    base = TuneSettings(
        checkpoint=str(checkpoint),
        epochs=3,
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        frozen_layers=0,
        folds=3,
        batch_tokens=512,
        precision="float32",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_batches_hold_every_row_once_and_keep_the_budget(
    tiny_checkpoint: Path, labelled: LabelledTexts
) -> None:
    from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint

    tokenizer = load_tokenizer(resolve_checkpoint(str(tiny_checkpoint)))
    encoded = encode_texts(tokenizer, labelled.texts, max_tokens=64)
    rows = np.arange(len(labelled.texts))
    for generator in (None, np.random.default_rng(0)):
        plan = plan_batches(encoded, rows, batch_tokens=256, generator=generator)
        assert sorted(np.concatenate(plan)) == list(rows)
        padded = [collate(encoded, batch, padding_id=0).input_ids.numel() for batch in plan]
        assert max(padded) <= 256
    real = encoded.tokens.sum() + 2 * len(rows)
    sorted_plan = plan_batches(encoded, rows, batch_tokens=256)
    assert sum(collate(encoded, batch, padding_id=0).input_ids.numel() for batch in sorted_plan) < 1.1 * real


def test_a_long_text_is_read_whole_in_windows(tiny_checkpoint: Path) -> None:
    from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint

    tokenizer = load_tokenizer(resolve_checkpoint(str(tiny_checkpoint)))
    words = " ".join(f"word{number}" for number in range(200))
    whole = tokenizer(words, add_special_tokens=False)["input_ids"]
    encoded = encode_texts(tokenizer, [words, "short"], max_tokens=64)
    stride = (64 - 2) // 8
    stitched: list[int] = []
    for index, window in enumerate(encoded.windows_of(0)):
        assert len(window) <= 64
        stitched += [int(token) for token in window[1:-1]][stride if index else 0 :]
    assert stitched == whole
    assert encoded.tokens[0] == len(whole)


def test_texts_that_are_not_read_all_at_once_are_read_as_if_they_were(
    tiny_checkpoint: Path, labelled: LabelledTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint

    tokenizer = load_tokenizer(resolve_checkpoint(str(tiny_checkpoint)))
    texts = ["word " * 90, *labelled.texts, "last"]
    whole = encode_with_offsets(tokenizer, texts, max_tokens=32)
    monkeypatch.setattr(encoding, "CHARACTERS_AT_ONCE", 100)
    parts = encode_with_offsets(tokenizer, texts, max_tokens=32)
    for name in ("windows", "offsets"):
        assert [one.tolist() for one in getattr(parts, name)] == [
            one.tolist() for one in getattr(whole, name)
        ]
    assert parts.first_window.tolist() == whole.first_window.tolist()
    assert parts.tokens.tolist() == whole.tokens.tolist()


def test_binary_cross_entropy_and_its_gradient_are_the_closed_form() -> None:
    """loss = -mean(y log p + (1-y) log(1-p)); gradient in the logit = (p - y) / n, minus sign and all."""
    torch.manual_seed(0)
    logits = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    truth = (torch.rand(7, 3) < 0.4).double()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)
    loss.backward()
    p = 1 / (1 + torch.exp(-logits.detach()))
    closed = -(truth * torch.log(p) + (1 - truth) * torch.log(1 - p)).mean()
    assert float(loss.detach()) == pytest.approx(float(closed), abs=1e-12)
    assert torch.allclose(logits.grad, (p - truth) / truth.numel(), atol=1e-12)


def test_learning_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    shares = [learning_rate_share(step, steps=100, warmup_share=0.1) for step in range(1, 101)]
    assert max(shares) == pytest.approx(1.0)
    assert shares.index(max(shares)) == 9
    assert shares[-1] == 0.0
    assert all(a < b for a, b in pairwise(shares[:10]))
    assert all(a > b for a, b in pairwise(shares[9:]))


def test_the_model_learns_what_the_words_say(
    tiny_checkpoint: Path, labelled: LabelledTexts, tmp_path: Path
) -> None:
    from headwinds.adapt.fitted_model import load_model
    from headwinds.adapt.prediction import predict

    chosen = settings(tiny_checkpoint, epochs=25, patience=25, frozen_layers=-1, batch_tokens=256)
    rows = plan_folds(labelled, chosen)[0]
    fit_fold(labelled, rows, chosen, tmp_path / "model", tmp_path / "scratch", quiet=True)
    found = predict(load_model(tmp_path / "model"), [labelled.texts[row] for row in rows.test])
    truth = labelled.truth[rows.test]
    hits = (found.label & truth).sum()
    assert 2 * hits / (found.label.sum() + truth.sum()) > 0.9
    assert (found.read_share == 1).all()


def test_folds_never_share_a_document(tiny_checkpoint: Path, labelled: LabelledTexts) -> None:
    documents = np.array(labelled.document_ids)
    tested = []
    for rows in plan_folds(labelled, settings(tiny_checkpoint)):
        sides = [set(documents[part]) for part in (rows.training, rows.validation, rows.test)]
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
        tested += list(rows.test)
    assert sorted(tested) == list(range(len(documents)))


class _Stop(Exception):
    pass


@pytest.mark.parametrize(
    ("stop_at", "changes"), [(1, {}), (5, {}), (17, {}), (17, {"resampling": "balanced"})]
)
def test_a_run_stopped_at_any_step_ends_with_the_same_bytes(
    tiny_checkpoint: Path,
    labelled: LabelledTexts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop_at: int,
    changes: dict[str, object],
) -> None:
    """The state is saved every step here, the process 'dies' after one, and a fresh call goes on from the file."""
    chosen = settings(tiny_checkpoint, head_dropout=0.3, encoder_dropout=0.1, **changes)
    rows = plan_folds(labelled, chosen)[0]
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_SAVES", 0.0)
    fit_fold(labelled, rows, chosen, tmp_path / "straight", tmp_path / "scratch-a", quiet=True)

    real_save, saves = loop.save_state, []

    def save_then_die(*arguments: object) -> None:
        real_save(*arguments)  # type: ignore[arg-type]
        saves.append(1)
        if len(saves) == stop_at:
            raise _Stop

    monkeypatch.setattr(loop, "save_state", save_then_die)
    with pytest.raises(_Stop):
        fit_fold(labelled, rows, chosen, tmp_path / "broken", tmp_path / "scratch-b", quiet=True)
    monkeypatch.setattr(loop, "save_state", real_save)
    torch.manual_seed(12345)  # another process has another random state
    fit_fold(labelled, rows, chosen, tmp_path / "resumed", tmp_path / "scratch-b", quiet=True)

    for name in ("head.safetensors", "encoder/model.safetensors", "model.json", "history.json"):
        assert file_digest(tmp_path / "straight" / name) == file_digest(tmp_path / "resumed" / name), name


def test_a_loss_that_is_not_finite_names_the_passages_and_keeps_the_state(
    tiny_checkpoint: Path, labelled: LabelledTexts, tmp_path: Path
) -> None:
    chosen = settings(tiny_checkpoint, learning_rate=9e5, head_learning_rate=9e5, epochs=8, gradient_clip=9e5)
    rows = plan_folds(labelled, chosen)[0]
    with pytest.raises(TrainingError, match=r"step \d+ .*passages p\d+") as caught:
        fit_fold(labelled, rows, chosen, tmp_path / "model", tmp_path / "scratch", quiet=True)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model" / "model.json").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("learning_rate", -1.0),
        ("learning_rate", float("nan")),
        ("folds", 1),
        ("precision", "half"),
    ],
)
def test_impossible_settings_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"^{name} = "):
        replace(TuneSettings(), **{name: value})  # type: ignore[arg-type]


def test_history_says_what_each_epoch_did(
    tiny_checkpoint: Path, labelled: LabelledTexts, tmp_path: Path
) -> None:
    chosen = settings(tiny_checkpoint)
    rows = plan_folds(labelled, chosen)[0]
    fit_fold(labelled, rows, chosen, tmp_path / "model", tmp_path / "scratch", quiet=True)
    history = json.loads((tmp_path / "model" / "history.json").read_text())
    assert [record["epoch"] for record in history["epochs"]] == [1, 2, 3]
    assert history["epochs"][-1]["loss"] < history["epochs"][0]["loss"]


def test_layers_that_are_computed_once_give_what_computing_them_at_every_step_gives(
    tiny_checkpoint: Path, labelled: LabelledTexts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headwinds.adapt.training import by_gradient

    chosen = settings(tiny_checkpoint, frozen_layers=1, head_dropout=0.0)
    rows = plan_folds(labelled, chosen)[0]
    histories = []
    for name in ("kept", "computed"):
        fit_fold(labelled, rows, chosen, tmp_path / name, tmp_path / f"scratch-{name}", quiet=True)
        histories.append(json.loads((tmp_path / name / "history.json").read_text())["epochs"])
        monkeypatch.setattr(by_gradient, "freeze_states", lambda *_: None)
    for kept, computed in zip(*histories, strict=True):
        assert kept["loss"] == pytest.approx(computed["loss"], rel=1e-4)
        assert kept["validation_score"] == pytest.approx(computed["validation_score"], abs=1e-3)


def test_a_long_text_is_pooled_over_its_windows_as_if_they_were_one() -> None:
    from headwinds.adapt.networks.text import smooth_maximum
    from headwinds.adapt.training.batches import Batch

    torch.manual_seed(0)
    logits = torch.randn(3, 5, 2)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]])
    batch = Batch(np.arange(2), mask, mask, torch.tensor([0, 0, 1]))
    found = smooth_maximum(logits, batch)
    tokens = [torch.cat([logits[0], logits[1, :3]]), logits[2, :2]]
    for text, expected in enumerate(tokens):
        assert torch.allclose(found[text], expected.exp().mean(dim=0).log(), atol=1e-6)


def test_where_validation_gives_no_score_the_last_weights_are_kept(tiny_checkpoint: Path, tmp_path: Path):
    """Pairs that all have one score have no rank correlation; it ended in a KeyError."""
    from headwinds.adapt.tuning import tune_files
    from headwinds.adapt.tuning_files import LabelledFiles

    file, validation = tmp_path / "pairs.jsonl", tmp_path / "validation.jsonl"
    pairs = [{"text": f"growth {n}", "text_b": f"incomes {n}", "score": n % 3} for n in range(20)]
    file.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    validation.write_text(
        "".join(json.dumps(pair | {"text": f"trade {pair['text']}", "score": 3}) + "\n" for pair in pairs)
    )
    chosen = settings(tiny_checkpoint, task="sentence-similarity", epochs=5, patience=1)
    found = tune_files(LabelledFiles(file, validation), chosen, tmp_path / "out", quiet=True)
    history = json.loads((found.folder / "history.json").read_text())
    assert (history["best_validation_score"], len(history["epochs"])) == (None, 5)
