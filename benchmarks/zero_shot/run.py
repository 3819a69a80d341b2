"""No label seen, against about 1,240 labels a fold: the shipped study's passages, the same test.

    python -m benchmarks.zero_shot.run runs/un-debates

Zero-shot reads the codebook alone; what the tuned models of a finished run say of the same gold passages, each tested in a
fold that had not seen it, stands beside it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.machine import write_table

from headwinds.adapt.evaluation.store import read_evaluation
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.study.data import read_checked
from headwinds.study.study_file import tune_settings


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a finished run")
    parser.add_argument("--study", type=Path, default=Path("studies/un-debates"))
    arguments = parser.parse_args()
    data = read_checked(arguments.run / "check").labelled_texts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            {
                "id": passage,
                "document": document,
                "text": text,
                "labels": [label for label, has in zip(data.label_names, given, strict=True) if has],
            }
            for passage, document, text, given in zip(
                data.passage_ids, data.document_ids, data.texts, data.truth.tolist(), strict=True
            )
        ]
        (folder / "gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        files = LabelledFiles(
            folder / "gold.jsonl",
            test=folder / "gold.jsonl",
            group="document",
            codebook=arguments.study / "codebook.md",
        )
        settings = tune_settings({"task": "text-classification", "method": "zero-shot"}, seed=0)
        metrics = tune_files(files, settings, folder / "out", quiet=True).evaluation.metrics
    tuned = next(
        system
        for system in read_evaluation(arguments.run / "tune" / "evaluation").systems
        if system.system == "tuned model"
    )
    table = []
    for shown, own, other in (
        ("macro F1", "macro_f1", "f1"),
        ("average precision, mean over labels", "macro_average_precision", "average_precision"),
    ):
        for system, item in (("zero-shot", metrics[own]), ("tuned", tuned.macro[other])):
            table.append([shown, system, f"{item.value:.3f}", f"{item.lower:.3f} to {item.upper:.3f}"])
    write_table(
        Path(__file__).parent / "results.md",
        "Zero-shot against tuned",
        f"The {len(rows):,} gold passages of the shipped study, six labels. Zero-shot has seen the codebook and no label; "
        "it gives each label to the tenth of the passages that are nearest to its description, which is a guess. The tuned "
        "models were each tested on passages of documents that they had not seen.",
        ["metric", "system", "value", "95% interval"],
        table,
        f"python -m benchmarks.zero_shot.run {arguments.run}",
    )


if __name__ == "__main__":
    main()
