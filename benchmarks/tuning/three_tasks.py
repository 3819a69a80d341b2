"""Tuning and peak memory against `transformers.Trainer` with its defaults: three tasks, each system in its own process.

    python -m benchmarks.tuning.three_tasks DATA --rows 4000 --epochs 3

DATA is the folder that `benchmarks.tasks.run` reads. Both systems see the same training rows, the offline default encoder
and about the same tokens a step. Trainer's model is what `transformers` offers for the task, a head for sequences (for
relations with two marks that are put into the text and added to the vocabulary) or for tokens. Results are kept in
three-tasks.json, those of one set for both systems from one call.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.machine import write_table
from benchmarks.tasks.data import DATA_SETS
from benchmarks.tasks.run import write_rows

HERE = Path(__file__).parent
RESULTS = HERE / "three-tasks.json"
COLUMNS = {"banking77": "label", "semeval2010-task8": "relation", "conll2003": "tags"}
TASKS = {"banking77": "accuracy", "semeval2010-task8": "accuracy", "conll2003": "entity_f1"}
SEED = 0
MARKS = ("<e1>", "</e1>", "<e2>", "</e2>")
Rows = list[dict[str, Any]]


def read_parts(data: Path, name: str, rows: int) -> dict[str, Rows]:
    """The published parts; of the training part `rows`, and a tenth as many for validation where none is published.

    Named entities come as whole documents, so that a tenth of the rows is as much text.
    """
    rows = rows // 10 if name == "conll2003" else rows
    parts = DATA_SETS[name].read(data)
    drawn = random.Random(SEED).sample(parts["train"], len(parts["train"]))
    column = COLUMNS[name]
    if column != "tags":  # one of every label, as neither system learns what it does not see
        seen: dict[str, int] = {}
        for number, row in enumerate(drawn):
            seen.setdefault(row[column], number)
        first = set(seen.values())
        drawn = [drawn[number] for number in sorted(first)] + [
            row for number, row in enumerate(drawn) if number not in first
        ]
    held = rows // 10
    validation = parts.get("validation", drawn[rows : rows + held])[:held]
    return {"train": drawn[:rows], "validation": validation, "test": parts["test"]}


def peak_megabytes() -> float:
    """Largest memory of this process since it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(name: str, parts: dict[str, Rows], epochs: int, folder: Path) -> dict[str, float]:
    from headwinds.adapt.predicting import evaluate_file
    from headwinds.adapt.tuning import tune_files
    from headwinds.adapt.tuning_files import LabelledFiles
    from headwinds.study.study_file import tune_settings

    chosen = DATA_SETS[name]
    settings = tune_settings(
        {**chosen.settings, "task": chosen.task, "epochs": epochs, "patience": epochs}, seed=SEED
    )
    paths = write_rows(parts, folder / "files")
    started = time.perf_counter()
    found = tune_files(
        LabelledFiles(paths["train"], paths["validation"]), settings, folder / "out", quiet=True
    )
    seconds = (time.perf_counter() - started) / epochs
    memory = peak_megabytes()
    tested = evaluate_file(found.folder, paths["test"], folder / "tested")
    return {"seconds": seconds, "memory": memory, "quality": tested.metrics[TASKS[name]].value}


def trainers(name: str, parts: dict[str, Rows], epochs: int, folder: Path) -> dict[str, float]:
    from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint

    checkpoint = resolve_checkpoint("default")
    tokenizer = load_tokenizer(checkpoint)
    column = COLUMNS[name]
    words = name == "conll2003"
    if words:
        names = sorted({tag for row in parts["train"] for tag in row["tags"]})
    else:
        names = sorted({row[column] for part in parts.values() for row in part})
    if name == "semeval2010-task8":
        tokenizer.add_special_tokens({"additional_special_tokens": list(MARKS)})
    encoded = {
        part: [_encode(row, column, names, tokenizer, words) for row in rows] for part, rows in parts.items()
    }
    return _train(encoded, names, tokenizer, checkpoint.folder, DATA_SETS[name].settings, epochs, folder)


def _encode(
    row: dict[str, Any], column: str, names: list[str], tokenizer: Any, words: bool
) -> dict[str, Any]:
    if not words:
        ids = tokenizer(row["text"], truncation=True)["input_ids"]
        return {"input_ids": ids, "labels": names.index(row[column])}
    found = tokenizer(row["tokens"], is_split_into_words=True, truncation=True)
    labels, last = [], None
    for word in found.word_ids():
        first = word is not None and word != last
        tag = row["tags"][word] if first else None
        labels.append(names.index(tag) if tag in names else -100)
        last = word
    return {"input_ids": found["input_ids"], "labels": labels}


def _train(encoded, names, tokenizer, source, settings, epochs: int, folder: Path) -> dict[str, float]:
    from transformers import (
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
        DataCollatorForTokenClassification,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    words = isinstance(encoded["train"][0]["labels"], list)
    kind = AutoModelForTokenClassification if words else AutoModelForSequenceClassification
    collate = DataCollatorForTokenClassification if words else DataCollatorWithPadding
    mean = float(np.mean([len(row["input_ids"]) for row in encoded["train"]]))
    started = time.perf_counter()
    model = kind.from_pretrained(str(source), num_labels=len(names))
    model.resize_token_embeddings(len(tokenizer))
    run = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(folder),
            num_train_epochs=epochs,
            per_device_train_batch_size=max(1, round(settings.get("batch_tokens", 1024) / mean)),
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            logging_strategy="no",
            seed=SEED,
        ),
        train_dataset=encoded["train"],
        data_collator=collate(tokenizer),
    )
    run.train()
    seconds = (time.perf_counter() - started) / epochs
    memory = peak_megabytes()
    found = run.predict(encoded["test"])
    chosen = found.predictions.argmax(axis=-1)
    if words:
        return {
            "seconds": seconds,
            "memory": memory,
            "quality": _entity_f1(chosen, found.label_ids, encoded, names),
        }
    return {"seconds": seconds, "memory": memory, "quality": float((chosen == found.label_ids).mean())}


def _entity_f1(chosen: np.ndarray, truth: np.ndarray, encoded, names: list[str]) -> float:
    from headwinds.adapt.tasks.tags import spans_of_tags

    hits = given = true = 0
    for row in range(len(truth)):
        first = truth[row] != -100
        mine = set(spans_of_tags([names[number] for number in chosen[row][first]]))
        right = set(spans_of_tags([names[number] for number in truth[row][first]]))
        hits, given, true = hits + len(mine & right), given + len(mine), true + len(right)
    return 2 * hits / (given + true)


def one(arguments: argparse.Namespace, name: str, system: str) -> dict[str, float]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.tuning.three_tasks",
        str(arguments.data),
        "--one",
        name,
        system,
    ]
    command += ["--rows", str(arguments.rows), "--epochs", str(arguments.epochs)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(found.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--sets", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--one", nargs=2, metavar=("SET", "SYSTEM"), help="one process of the benchmark")
    arguments = parser.parse_args()
    if arguments.one:
        name, system = arguments.one
        parts = read_parts(arguments.data, name, arguments.rows)
        with tempfile.TemporaryDirectory() as folder:
            measured = {"headwinds": ours, "Trainer": trainers}[system]
            sys.stdout.write(json.dumps(measured(name, parts, arguments.epochs, Path(folder))) + "\n")
        return
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.sets:
        results[name] = {system: one(arguments, name, system) for system in ("Trainer", "headwinds")}
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    table = [
        [
            name,
            {"Trainer": "Trainer, defaults"}.get(system, system),
            f"{found['seconds']:.1f}",
            f"{results[name]['Trainer']['seconds'] / found['seconds']:.2f}",
            f"{found['memory']:,.0f}",
            metric.replace("_", " "),
            f"{found['quality']:.3f}",
        ]
        for name, metric in TASKS.items()
        if name in results
        for system, found in sorted(results[name].items())
    ]
    write_table(
        HERE / "three-tasks.md",
        "Tuning against transformers.Trainer on three tasks",
        f"{arguments.rows:,} training rows of each set ({arguments.rows // 10:,} documents of conll2003), "
        f"{arguments.epochs} epochs, tested on the published test part. "
        "Seconds an epoch hold all that a run does from loading the model: for Headwinds also reading and encoding, "
        "validation after every epoch, calibration and saving. Memory is the process's peak at the end of training. "
        "The two systems of a set run one after the other; sets may come from different days.",
        ["data set", "system", "seconds an epoch", "times as fast", "peak MB", "metric", "test"],
        table,
        f"python -m benchmarks.tuning.three_tasks DATA --rows {arguments.rows} --epochs {arguments.epochs}",
    )


if __name__ == "__main__":
    main()
