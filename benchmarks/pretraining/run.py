"""What pretraining on the UN speeches is worth on the UN labels: from nothing, and continuing the default encoder.

`scratch`: a small encoder, new, pretrained on the speeches on one core, then tuned; beside the same architecture untrained.
`continued`: the default encoder continued on speeches for a small budget (covered tokens), then tuned; beside the default as
it is. `contrasted`: the same by finding the parts that belong to one text.
Both sides are tuned on the same rows with the same seeds. Of several settings of the tuning each side takes the one that is
best on validation with the first seed; the test side is looked at by the models of these settings alone. With
``--pretrained FOLDER`` that run's model is tuned; ``--side`` tunes one side and writes no page.

Run from the repository's root: ``python -m benchmarks.pretraining.run scratch SPEECHES.parquet FOLDER``.
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.pretraining.data import write_labelled

HERE = Path(__file__).parent
PRETRAINING = {
    "scratch": {
        "architecture": "modernbert-mini",
        "layers": 2,
        "tokenizer": "wordpiece",
        "vocabulary": 16_000,
        "batch_tokens": 2048,
        "learning_rate": 1.5e-3,
        "mask_share": 0.3,
        "tokens": 24_000_000,
    },
    "continued": {
        "checkpoint": "default",
        "batch_tokens": 4096,
        "mask_share": 0.15,
        "tokens": 400_000,
        "held_out_share": 0.02,
        "held_out_tokens": 40_000,
    },
    "contrasted": {
        "checkpoint": "default",
        "objective": "contrastive",
        "sequence_tokens": 256,
        "batch_tokens": 16_384,
        "tokens": 1_500_000,
        "held_out_share": 0.02,
        "held_out_tokens": 100_000,
    },
}
TUNING = {
    "scratch": {
        "learning_rate": 5e-4,
        "epochs": 8,
        "patience": 3,
        "batch_tokens": 1024,
        "frozen_layers": -1,
        "validation_share": 0.2,
    },
    "continued": {"epochs": 3, "frozen_layers": 3},
    "contrasted": {"epochs": 3, "frozen_layers": 3},
}
CHOICES: dict[str, tuple[dict[str, object], ...]] = {
    "scratch": tuple({"pooling": pooling} for pooling in ("mean", "smooth-maximum")),
    "continued": ({},),
    "contrasted": ({},),
}
SEEDS = {"scratch": (0, 1, 2), "continued": (0, 1, 2, 3, 4), "contrasted": (0, 1, 2, 3, 4)}
ASKED = {
    "scratch": ("perplexity of covered tokens", "by frequencies alone"),
    "continued": ("perplexity of covered tokens", "by frequencies alone"),
    "contrasted": ("perplexity of the other part of a text", "by guessing"),
}
SIDES = ("pretrained", "rival")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=sorted(PRETRAINING))
    parser.add_argument("text", help="speeches.parquet")
    parser.add_argument("folder", help="where models are kept")
    parser.add_argument("--pretrained", help="folder of a run of `headwinds pretrain` that is done")
    parser.add_argument("--side", choices=SIDES, help="tune this side alone")
    given = parser.parse_args()
    folder = Path(given.folder)
    pretrained = Path(given.pretrained) if given.pretrained else pretrain(given.part, given.text, folder)
    train, test = write_labelled(folder / "labelled")
    sides = {}
    for side in (given.side,) if given.side else SIDES:
        checkpoint = str(pretrained / "model")
        if side == "rival":
            checkpoint = untrained(pretrained, given.text, folder) if given.part == "scratch" else "default"
        sides[side] = tune_side(given.part, side, checkpoint, train, test, folder)
    if not given.side:
        write(given.part, pretrained, sides, difference(sides, test, folder), folder)


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


@dataclass(frozen=True, slots=True)
class Side:
    """What came of a side: validation scores of the settings, which was chosen, its models and their test scores by seed."""

    validation: tuple[float, ...]
    chosen: int
    models: tuple[Path, ...]
    scores: tuple[float, ...]


def tune_side(part: str, side: str, checkpoint: str, train: Path, test: Path, folder: Path) -> Side:
    """Choose the settings on validation with the first seed, and tune with all seeds."""
    first, *others = SEEDS[part]

    def tuned(number: int, seed: int) -> Path:
        import headwinds

        output = folder / f"{side}-{number}-{seed}"
        headwinds.tune(
            task="text-classification",
            train=train,
            group="document_id",
            output=output,
            checkpoint=checkpoint,
            seed=seed,
            quiet=True,
            **TUNING[part],
            **CHOICES[part][number],
        )
        return output / "model"

    tried = [tuned(number, first) for number in range(len(CHOICES[part]))]
    validation = [validation_score(model) for model in tried]
    chosen = max(range(len(tried)), key=validation.__getitem__)
    models = (tried[chosen], *(tuned(chosen, seed) for seed in others))
    scores = tuple(tested(model, test, folder) for model in models)
    found = Side(tuple(validation), chosen, models, scores)
    print(side, found, flush=True)
    return found


def validation_score(model: Path) -> float:
    return float(json.loads((model / "history.json").read_text())["best_validation_score"])


def tested(model: Path, test: Path, folder: Path) -> float:
    from headwinds.doors.models import evaluate_file

    found = evaluate_file(model, test, folder / "tested" / model.parent.name, group="document_id")
    return float(found.metrics["macro_f1"].value)


def difference(sides: dict[str, Side], test: Path, folder: Path) -> list[dict[str, float]]:
    """Of each seed's two models, on the same bootstrap draws of documents."""
    from headwinds.doors.models import evaluate_file

    found = []
    for number, (ours, theirs) in enumerate(
        zip(sides["pretrained"].models, sides["rival"].models, strict=True)
    ):
        output = folder / f"compared-{number}"
        item = evaluate_file(ours, test, output, group="document_id", against=theirs).differences["macro_f1"]
        found.append({"value": item.value, "lower": item.lower, "upper": item.upper})
    return found


def write(
    part: str,
    pretrained: Path,
    sides: dict[str, Side],
    apart: list[dict[str, float]],
    folder: Path,
) -> None:
    """The page of a part."""
    ours, theirs = sides["pretrained"].scores, sides["rival"].scores
    gains = [a - b for a, b in zip(ours, theirs, strict=True)]
    error = statistics.stdev(gains) / len(gains) ** 0.5
    held_out = json.loads((pretrained / "test" / "held_out.json").read_text())
    facts = json.loads((pretrained / "model" / "pretraining.json").read_text())
    perplexity, baseline = (
        "{value:.1f} [{lower:.1f}, {upper:.1f}]".format(**held_out[name])
        for name in ("perplexity", "baseline")
    )
    rival = "untrained" if part == "scratch" else "the default as it is"
    asked, guessed = ASKED[part]
    lines = [
        "# Pretrained from nothing on the UN speeches, then tuned on the UN labels"
        if part == "scratch"
        else "# The default encoder continued on UN speeches, then tuned on the UN labels",
        "",
        f"Pretraining: {facts['architecture']}, {facts['parameters']:,} parameters, {facts['tokens']:,} tokens in "
        f"{facts['steps']:,} steps. Held-out {asked} {perplexity} over {held_out['documents']} "
        f"speeches; {guessed} {baseline}.",
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
        "Each seed's two models on the same bootstrap draws of test documents: "
        + "; ".join("{value:+.3f} [{lower:+.3f}, {upper:+.3f}]".format(**one) for one in apart)
        + ".",
        "",
        "| settings of the tuning, tried with the first seed | pretrained, validation | "
        + rival
        + ", validation |",
        "| --- | --- | --- |",
        *(
            f"| `{json.dumps(choice)}` | {marked(sides['pretrained'], number)} | {marked(sides['rival'], number)} |"
            for number, choice in enumerate(CHOICES[part])
        ),
        "",
        describe(f"python -m benchmarks.pretraining.run {part} speeches.parquet FOLDER"),
    ]
    (HERE / f"{part}.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def marked(side: Side, number: int) -> str:
    """A validation score, bold where its settings were chosen."""
    score = f"{side.validation[number]:.3f}"
    return f"**{score}**" if number == side.chosen else score


if __name__ == "__main__":
    main()
