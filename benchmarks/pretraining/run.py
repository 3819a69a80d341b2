"""What pretraining on the UN speeches is worth on the UN labels: from nothing, and continuing the default encoder.

`scratch`: a small encoder, new, pretrained on the speeches on one core, then tuned; beside the same architecture untrained.
`continued`: the default encoder continued on speeches for a small budget, then tuned; beside the default as it is.
Both are tuned with the same settings, seeds and split by document. With ``--pretrained FOLDER`` that run's model is tuned.

Run from the repository's root: ``python -m benchmarks.pretraining.run scratch SPEECHES.parquet FOLDER``.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.pretraining.data import write_labelled

HERE = Path(__file__).parent
PRETRAINING = {
    "scratch": {
        "architecture": "modernbert-mini",
        "layers": 2,
        "tokenizer": "wordpiece",
        "vocabulary": 8000,
        "batch_tokens": 2048,
        "learning_rate": 2e-3,
        "mask_share": 0.2,
        "tokens": 6_000_000,
    },
    "continued": {
        "checkpoint": "default",
        "batch_tokens": 4096,
        "mask_share": 0.15,
        "tokens": 400_000,
        "held_out_share": 0.02,
        "held_out_tokens": 40_000,
    },
}
TUNING = {
    "scratch": {"learning_rate": 5e-4, "epochs": 8, "patience": 8, "batch_tokens": 1024},
    "continued": {"epochs": 3, "frozen_layers": 3},
}
SEEDS = {"scratch": (0, 1), "continued": (0, 1, 2, 3, 4)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=sorted(PRETRAINING))
    parser.add_argument("text", help="speeches.parquet")
    parser.add_argument("folder", help="where models are kept")
    parser.add_argument("--pretrained", help="folder of a run of `headwinds pretrain` that is done")
    given = parser.parse_args()
    folder = Path(given.folder)
    pretrained = Path(given.pretrained) if given.pretrained else pretrain(given.part, given.text, folder)
    train, test = write_labelled(folder / "labelled")
    rival = untrained(pretrained, given.text, folder) if given.part == "scratch" else "default"
    scores = {
        name: [tuned(given.part, name, checkpoint, seed, train, test, folder) for seed in SEEDS[given.part]]
        for name, checkpoint in (("pretrained", str(pretrained / "model")), ("rival", rival))
    }
    write(given.part, pretrained, scores, difference(folder, test), folder)


def pretrain(part: str, text: str, folder: Path) -> Path:
    import headwinds

    found = headwinds.pretrain(text, folder / "pretrained", told=print, **PRETRAINING[part])
    print(found.report.summary(), flush=True)
    return folder / "pretrained"


def untrained(pretrained: Path, text: str, folder: Path) -> str:
    """The same architecture and tokenizer after one step that moves nothing."""
    import pyarrow.parquet as pq

    import headwinds

    some = folder / "some.parquet"
    pq.write_table(pq.read_table(text, columns=["text"]).slice(0, 40), some)
    settings = PRETRAINING["scratch"] | {
        "tokenizer": str(pretrained / "tokenizer"),
        "learning_rate": 1e-12,
        "tokens": 1,
        "held_out_share": 0.2,
    }
    return str(headwinds.pretrain(some, folder / "untrained", quiet=True, **settings).folder)


def tuned(
    part: str, name: str, checkpoint: str, seed: int, train: Path, test: Path, folder: Path
) -> dict[str, float]:
    import headwinds

    found = headwinds.tune(
        task="text-classification",
        train=train,
        test=test,
        group="document_id",
        output=folder / f"{name}-{seed}",
        checkpoint=checkpoint,
        seed=seed,
        quiet=True,
        **TUNING[part],
    )
    item = found.evaluation.metrics["macro_f1"]
    print(part, name, seed, f"{item.value:.4f} [{item.lower:.4f}, {item.upper:.4f}]", flush=True)
    return {"value": item.value, "lower": item.lower, "upper": item.upper}


def difference(folder: Path, test: Path) -> dict[str, float]:
    """Of the first seed's models, on the same bootstrap draws of documents."""
    from headwinds.doors.models import evaluate_file

    found = evaluate_file(
        folder / "pretrained-0" / "model",
        test,
        folder / "compared",
        group="document_id",
        against=folder / "rival-0" / "model",
    )
    item = found.differences["macro_f1"]
    return {"value": item.value, "lower": item.lower, "upper": item.upper}


def write(
    part: str,
    pretrained: Path,
    scores: dict[str, list[dict[str, float]]],
    apart: dict[str, float],
    folder: Path,
) -> None:
    """The page of a part."""
    ours, theirs = ([one["value"] for one in scores[name]] for name in ("pretrained", "rival"))
    gains = [a - b for a, b in zip(ours, theirs, strict=True)]
    error = statistics.stdev(gains) / len(gains) ** 0.5
    held_out = json.loads((pretrained / "test" / "held_out.json").read_text())
    facts = json.loads((pretrained / "model" / "pretraining.json").read_text())
    perplexity, unigram = (
        "{value:.1f} [{lower:.1f}, {upper:.1f}]".format(**held_out[name])
        for name in ("perplexity", "unigram")
    )
    rival = {"scratch": "untrained", "continued": "the default as it is"}[part]
    lines = [
        {
            "scratch": "# Pretrained from nothing on the UN speeches, then tuned on the UN labels",
            "continued": "# The default encoder continued on UN speeches, then tuned on the UN labels",
        }[part],
        "",
        f"Pretraining: {facts['architecture']}, {facts['parameters']:,} parameters, {facts['tokens']:,} tokens in "
        f"{facts['steps']:,} steps. Held-out perplexity of covered tokens {perplexity} over {held_out['documents']} "
        f"speeches; by frequencies alone {unigram}.",
        f"Settings: `{json.dumps(PRETRAINING[part])}`; tuning: `{json.dumps(TUNING[part])}`. Macro F1 of six labels on the "
        "documents of the test side (35% of those of the shipped gold labels); the labels are a careful machine reading.",
        "",
        f"| seed | pretrained | {rival} | difference |",
        "| --- | --- | --- | --- |",
        *(
            f"| {seed} | {a:.3f} | {b:.3f} | {a - b:+.3f} |"
            for seed, a, b in zip(SEEDS[part], ours, theirs, strict=True)
        ),
        f"| mean | {statistics.mean(ours):.3f} | {statistics.mean(theirs):.3f} | {statistics.mean(gains):+.3f} "
        f"(standard error over seeds {error:.3f}) |",
        "",
        "First seed, on the same bootstrap draws of test documents: {value:+.3f} [{lower:+.3f}, {upper:+.3f}].".format(
            **apart
        ),
        "",
        describe(f"python -m benchmarks.pretraining.run {part} speeches.parquet FOLDER"),
    ]
    (HERE / f"{part}.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
