"""English to German from nothing: Multi30k, no pretrained weights, a laptop's processor.

    python -m benchmarks.translation.run DATA

DATA is a folder with Multi30k as its makers publish it (train, val and test_2016_flickr, .en.gz and .de.gz). A run that is
stopped goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from pathlib import Path

from benchmarks.machine import processor, write_table

from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.study.study_file import tune_settings

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PARTS = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
SETTINGS = {
    "task": "translation",
    "checkpoint": "scratch:encoder-decoder-small",
    "vocabulary": 5000,
    "epochs": 12,
    "patience": 12,
    "batch_tokens": 4096,
    "learning_rate": 1.5e-3,
    "encoder_dropout": 0.2,
    "label_smoothing": 0.1,
    "average_decay": 0.998,
    "beams": 5,
}


def write_pairs(data: Path, part: str, folder: Path) -> Path:
    english, german = (
        gzip.decompress((data / f"{part}.{language}.gz").read_bytes()).decode("utf-8").splitlines()
        for language in ("en", "de")
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{part}.jsonl"
    lines = [
        json.dumps({"text": source.strip(), "translation": target.strip()}, ensure_ascii=False)
        for source, target in zip(english, german, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark-translation"))
    arguments = parser.parse_args()
    paths = {name: write_pairs(arguments.data, part, arguments.work) for name, part in PARTS.items()}
    files = LabelledFiles(paths["train"], paths["validation"], paths["test"])
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for seed in arguments.seeds:
        wall, busy = time.perf_counter(), time.process_time()
        found = tune_files(files, tune_settings(dict(SETTINGS), seed=seed), arguments.work / str(seed))
        metrics = {
            name: [item.value, item.lower, item.upper] for name, item in found.evaluation.metrics.items()
        }
        results[str(seed)] = {
            "metrics": metrics,
            "wall_minutes": (time.perf_counter() - wall) / 60,
            "processor_minutes": (time.process_time() - busy) / 60,
            "processor": processor(),
        }
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    rows = [
        [
            seed,
            *(
                "{:.2f} ({:.2f} to {:.2f})".format(*run["metrics"][name])
                for name in ("sacrebleu", "chrf", "perplexity")
            ),
            f"{run['processor_minutes']:.0f}",
            f"{run['wall_minutes']:.0f}",
            run["processor"],
        ]
        for seed, run in sorted(results.items())
    ]
    shown = ", ".join(f"{name} {value}" for name, value in SETTINGS.items() if name not in ("task",))
    write_table(
        HERE / "results.md",
        "Translation from nothing",
        "Multi30k, English to German, 29,000 pairs, tested on test 2016 (1,000 sentences; cased, sacreBLEU's own tokens). "
        "Intervals: 95 %, bootstrap over sentences. The model and its vocabulary are made from the training file alone. "
        f"Settings: {shown}. One core; other work shared the machine, so processor time is what to compare.",
        ["seed", "sacreBLEU", "chrF", "perplexity", "processor minutes", "wall minutes", "processor"],
        rows,
        "python -m benchmarks.translation.run DATA",
    )


if __name__ == "__main__":
    main()
