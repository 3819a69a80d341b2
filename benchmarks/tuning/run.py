"""Tuning against `transformers.Trainer` with its defaults: the same fold, the same encoder, the same tokens a step.

The peer is the architecture that `transformers` offers for the task (multi-label sequence classification), trained by
`Trainer` with its default arguments but the number of epochs, and the batch size that makes the same number of tokens a
step. Thresholds of both come from the same validation passages by the same code; the F1 is of the same test passages.

    python -m benchmarks.tuning.run runs/un-debates --epochs 7
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from benchmarks.machine import write_table

from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
from headwinds.adapt.evaluation.calibration import fit_calibration
from headwinds.adapt.evaluation.metrics import average_precision
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.fold import FoldRows, LabelledTexts, fit_fold
from headwinds.adapt.prediction import predict
from headwinds.study.data import read_checked
from headwinds.study.study_file import read_study


def macro_f1(label: np.ndarray, truth: np.ndarray) -> float:
    hits = (label & truth).sum(axis=0)
    return float(np.mean(2 * hits / np.maximum(label.sum(axis=0) + truth.sum(axis=0), 1)))


def macro_ap(score: np.ndarray, truth: np.ndarray) -> float:
    ones = np.ones((1, len(truth)))
    return float(
        np.mean([average_precision(truth[:, k], score[:, k], ones)[0] for k in range(truth.shape[1])])
    )


def trainer(data: LabelledTexts, rows: FoldRows, epochs: int, tokens: int, folder: Path) -> list[float]:
    from transformers import (
        AutoModelForSequenceClassification,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    checkpoint = resolve_checkpoint("default")
    tokenizer = load_tokenizer(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(
        str(checkpoint.folder), num_labels=len(data.label_names), problem_type="multi_label_classification"
    )
    encoded = tokenizer(list(data.texts), truncation=True)["input_ids"]
    mean = float(np.mean([len(encoded[row]) for row in rows.training]))
    size = max(1, round(tokens / mean))

    def examples(part: np.ndarray) -> list[dict[str, object]]:
        return [{"input_ids": encoded[row], "labels": data.truth[row].astype(np.float32)} for row in part]

    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=size,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        logging_strategy="no",
        seed=0,
    )
    run = Trainer(
        model=model,
        args=arguments,
        train_dataset=examples(rows.training),
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    started = time.perf_counter()
    run.train()
    seconds = (time.perf_counter() - started) / epochs
    logits = {
        part: run.predict(examples(getattr(rows, part))).predictions.astype(np.float64)
        for part in ("validation", "test")
    }
    calibration = fit_calibration(logits["validation"], data.truth[rows.validation])
    probability = calibration.probability(logits["test"])
    truth = data.truth[rows.test]
    return [size, seconds, macro_f1(calibration.decide(probability), truth), macro_ap(probability, truth)]


def ours(data, rows, settings, folder: Path) -> list[float]:
    started = time.perf_counter()
    fit_fold(data, rows, settings, folder / "model", folder / "scratch", quiet=True)
    seconds = time.perf_counter() - started
    epochs = len(json.loads((folder / "model" / "history.json").read_text())["epochs"])
    found = predict(load_model(folder / "model"), [data.texts[row] for row in rows.test])
    truth = data.truth[rows.test]
    return [seconds / epochs, macro_f1(found.label, truth), macro_ap(found.probability, truth)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a run whose check is done")
    parser.add_argument("--study", type=Path, default=Path("studies/un-debates/study.toml"))
    parser.add_argument("--epochs", type=int, default=7)
    arguments = parser.parse_args()
    checked = read_checked(arguments.run / "check")
    data, rows = checked.labelled_texts(), checked.fold_rows()[0]
    settings = replace(read_study(arguments.study).tune, epochs=arguments.epochs, patience=arguments.epochs)
    variants = {
        "headwinds, as the study has it": settings,
        "headwinds, nothing frozen": replace(settings, frozen_layers=-1, learning_rate=1e-4),
    }
    torch.manual_seed(0)
    table = []
    with tempfile.TemporaryDirectory() as folder:
        size, slow, f1, ap = trainer(
            data, rows, arguments.epochs, settings.batch_tokens, Path(folder) / "trainer"
        )
        table.append([f"Trainer, defaults, batch of {size}", f"{slow:.1f}", "1.00", f"{f1:.3f}", f"{ap:.3f}"])
        for number, (name, chosen) in enumerate(variants.items()):
            seconds, f1, ap = ours(data, rows, chosen, Path(folder) / str(number))
            table.append([name, f"{seconds:.1f}", f"{slow / seconds:.2f}", f"{f1:.3f}", f"{ap:.3f}"])
    write_table(
        Path(__file__).parent / "results.md",
        "Tuning against transformers.Trainer",
        f"One fold of the shipped study: {len(rows.training):,} training, {len(rows.validation):,} validation, "
        f"{len(rows.test):,} test passages, about {settings.batch_tokens:,} tokens a step, {arguments.epochs} epochs. "
        "Seconds an epoch hold all that a run does: for Headwinds also loading, validation after every epoch, "
        "calibration and saving; for Trainer training alone.",
        ["system", "seconds an epoch", "times as fast", "macro F1", "average precision"],
        table,
        f"python -m benchmarks.tuning.run {arguments.run} --epochs {arguments.epochs}",
    )


if __name__ == "__main__":
    main()
