"""Few-shot against the `setfit` package and a frozen linear probe: the same encoder, the same draws, one process each.

    python -m benchmarks.few_shot.run DATA --sets banking77 --shots 8 --draws 10

Needs `pip install setfit` beside Headwinds. Every system sees the same examples of a draw and the same test examples.
Seconds are processor time, which a busy machine does not stretch: for setfit of its `train` alone, with the model loaded
before; for Headwinds of the whole call, from reading the file to the saved model. Results are kept in results.json; the
table is made anew from it.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

import numpy as np
from benchmarks.machine import processor, write_table
from benchmarks.tasks.data import DATA_SETS

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
Rows = list[dict[str, str]]


def draw(rows: Rows, shots: int, seed: int) -> Rows:
    generator = random.Random(seed)
    by_label: dict[str, Rows] = {}
    for row in rows:
        by_label.setdefault(row["label"], []).append(row)
    return [
        row
        for name in sorted(by_label)
        for row in generator.sample(by_label[name], min(shots, len(by_label[name])))
    ]


def first_of(rows: Rows, count: int) -> Rows:
    """So many of them, drawn once and the same for every system and draw; 0 takes all."""
    return rows if not count or count >= len(rows) else random.Random(0).sample(rows, count)


def ours(train: Rows, test: Rows, seed: int, method: str) -> tuple[float, float]:
    from headwinds.adapt.tuning import tune_files
    from headwinds.adapt.tuning_files import LabelledFiles
    from headwinds.study.study_file import tune_settings

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part, rows in (("train", train), ("test", test)):
            (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        settings = tune_settings({"task": "text-classification", "method": method}, seed=seed)
        files = LabelledFiles(folder / "train.jsonl")
        started = time.process_time()
        found = tune_files(files, settings, folder / "out", quiet=True)
        seconds = time.process_time() - started
        print(json.loads((found.folder / "history.json").read_text())["chosen"], flush=True)
        from headwinds.adapt.predicting import evaluate_file

        tested = evaluate_file(found.folder, folder / "test.jsonl", folder / "tested")
        return tested.metrics["accuracy"].value, seconds


def setfit(train: Rows, test: Rows, seed: int) -> tuple[float, float]:
    import datasets
    from setfit import SetFitModel, Trainer, TrainingArguments

    from headwinds.adapt.checkpoints import resolve_checkpoint

    datasets.disable_progress_bars()
    model = SetFitModel.from_pretrained(str(resolve_checkpoint("default").folder))
    labels = sorted({row["label"] for row in train})
    data = datasets.Dataset.from_list(
        [{"text": row["text"], "label": labels.index(row["label"])} for row in train]
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_iterations=20,
            seed=seed,
            save_strategy="no",
            report_to="none",
            logging_strategy="no",
            show_progress_bar=False,
        )
        trainer = Trainer(model=model, args=arguments, train_dataset=data)
        started = time.process_time()
        trainer.train()
        seconds = time.process_time() - started
    given = [
        labels[int(number)]
        for number in model.predict([row["text"] for row in test], show_progress_bar=False)
    ]
    return float(np.mean([one == row["label"] for one, row in zip(given, test, strict=True)])), seconds


def probe(train: Rows, test: Rows, seed: int) -> tuple[float, float]:
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    from headwinds.adapt.checkpoints import resolve_checkpoint

    model = SentenceTransformer(str(resolve_checkpoint("default").folder), device="cpu")
    started = time.process_time()
    vectors = model.encode([row["text"] for row in train], normalize_embeddings=True)
    head = LogisticRegression(C=10, max_iter=2000).fit(vectors, [row["label"] for row in train])
    seconds = time.process_time() - started
    given = head.predict(model.encode([row["text"] for row in test], normalize_embeddings=True))
    return float(np.mean([one == row["label"] for one, row in zip(given, test, strict=True)])), seconds


TEXT = """
Accuracy after tuning on a few examples a class, mean and deviation over the draws; all systems have the same encoder
(all-MiniLM-L6-v2), the same draws and the same test examples, at most 1,000 of a test part. setfit 1.2.0 with R = 20 pairs
an example (its paper's setting, fewer than its default where there are many classes), one epoch, batches of 16 pairs.
Seconds are processor time of one thread: `train` of setfit alone; the whole call of Headwinds, with reading, loading,
judging, calibrating and saving. On the AMD machine those of Headwinds were taken beside several times as many processes as
cores, those of setfit beside fewer; on the Intel machine both beside other work. Speeds are compared on the same processor
and differences of accuracy on the same draws.
"""
SYSTEMS = {
    "headwinds few-shot": lambda train, test, seed: ours(train, test, seed, "few-shot"),
    "setfit": setfit,
    "frozen linear probe": probe,
}


def against(results: dict[str, dict], name: str, shots: str, system: str, other: str) -> str:
    """Mean difference in points over the draws that both have seen."""
    mine, theirs = (results.get(f"{name} | {shots} | {one}", {}) for one in (system, other))
    both = [100 * (mine[seed][0] - theirs[seed][0]) for seed in mine if seed in theirs]
    return f"{np.mean(both):+.1f}" if both and system != other else ""


def times_as_fast(results: dict[str, dict], name: str, shots: str, system: str) -> str:
    """Seconds of setfit over those of a system, over the draws that both have seen on the same processor."""
    mine, theirs = (results.get(f"{name} | {shots} | {one}", {}) for one in (system, "setfit"))
    both = [
        (theirs[seed][1], mine[seed][1])
        for seed in mine
        if seed in theirs and mine[seed][2] == theirs[seed][2]
    ]
    slow, fast = np.sum(both, axis=0) if both else (np.nan, np.nan)
    return f"{slow / fast:.1f}" if both else ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["banking77"])
    parser.add_argument("--shots", nargs="+", type=int, default=[8])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--test", type=int, default=1000, help="test examples at the most, 0 for all")
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.sets:
        parts = DATA_SETS[name].read(arguments.data)
        test = first_of(parts["test"], arguments.test)
        for shots in arguments.shots:
            for seed in range(arguments.draws):
                train = draw(parts["train"], shots, seed)
                for system in arguments.systems:
                    key = f"{name} | {shots} | {system}"
                    if str(seed) in results.setdefault(key, {}):
                        continue
                    accuracy, seconds = SYSTEMS[system](train, test, seed)
                    results[key][str(seed)] = [accuracy, seconds, processor()]
                    print(key, seed, f"{accuracy:.4f} {seconds:.1f} s", flush=True)
                    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    rows = []
    for key, runs in results.items():
        name, shots, system = key.split(" | ")
        accuracy, seconds = np.array([run[:2] for run in runs.values()]).T
        spread = f"{accuracy.std(ddof=1):.4f}" if len(accuracy) > 1 else "one draw"
        rows.append(
            [
                name,
                shots,
                system,
                f"{accuracy.mean():.4f}",
                spread,
                f"{seconds.mean():.1f}",
                times_as_fast(results, name, shots, system),
                str(len(runs)),
                *(
                    against(results, name, shots, system, other)
                    for other in ("frozen linear probe", "setfit")
                ),
                ", ".join(sorted({run[2] for run in runs.values()})),
            ]
        )
    write_table(
        HERE / "results.md",
        "Few-shot",
        TEXT,
        [
            "data set",
            "examples a class",
            "system",
            "accuracy",
            "sd",
            "processor seconds",
            "times as fast as setfit",
            "draws",
            "points above the probe",
            "above setfit",
            "processor",
        ],
        rows,
        "python -m benchmarks.few_shot.run DATA",
    )


if __name__ == "__main__":
    main()
