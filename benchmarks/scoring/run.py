"""Scoring against a plain `transformers` pipeline: the same model, the same passages, the same process.

The pipeline is what its documentation shows: batches of 32, float32, padded as the passages come. It gets our fitted model
wrapped as a `PreTrainedModel`. Both sides tokenize inside the clock. The runs alternate, so that a slow minute of the
machine hits both; the ratio is that of the medians.

    python -m benchmarks.scoring.run runs/un-debates --passages 2000 --rounds 3
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow.parquet as pq
import torch
from benchmarks.machine import write_table
from transformers import BertConfig, PreTrainedModel, TextClassificationPipeline
from transformers.modeling_outputs import SequenceClassifierOutput

from headwinds.adapt.fitted_model import FittedModel, load_model
from headwinds.adapt.prediction import make_predictor, predict
from headwinds.adapt.training.batches import Batch

PEER = "transformers pipeline"


class Wrapped(PreTrainedModel):
    """Our classifier with the face that a pipeline expects."""

    config_class = BertConfig
    _supports_sdpa = True
    _tied_weights_keys = None
    all_tied_weights_keys: ClassVar[dict[str, str]] = {}

    def __init__(self, model: FittedModel) -> None:
        config = model.network.encoder.config
        config.num_labels = len(model.facts.labels)
        config._attn_implementation = "sdpa"
        super().__init__(config)
        self.classifier = model.network

    def forward(self, input_ids, attention_mask=None, **_):
        rows = np.arange(len(input_ids))
        batch = Batch(rows, input_ids, attention_mask, torch.arange(len(input_ids)))
        return SequenceClassifierOutput(logits=self.classifier(batch))


def peer_of(folder: Path) -> Callable[[list[str]], np.ndarray]:
    """The pipeline around the model of a folder; it gives the labels that the model's calibration makes of its outputs."""
    model = load_model(folder)
    pipeline = TextClassificationPipeline(
        model=Wrapped(model).eval(), tokenizer=model.tokenizer, batch_size=32, device="cpu"
    )
    names = [pipeline.model.config.id2label[number] for number in range(len(model.facts.labels))]

    def labels(texts: list[str]) -> np.ndarray:
        found = pipeline(texts, top_k=None, function_to_apply="none")
        scores = [{one["label"]: one["score"] for one in row} for row in found]
        logits = np.array([[row[name] for name in names] for row in scores])
        calibration = model.facts.calibration
        return calibration.decide(calibration.probability(logits))

    return labels


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a finished run")
    parser.add_argument("--passages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder = next(path.parent for path in sorted(arguments.run.glob("tune/fold-*/**/model.json")))
    model = load_model(folder)
    texts = pq.read_table(arguments.run / "check" / "corpus.parquet", columns=["text"])["text"].to_pylist()
    texts = [texts[row] for row in np.random.default_rng(0).permutation(len(texts))[: arguments.passages]]

    made = [
        make_predictor(model.network, model.tokenizer, max_tokens=model.facts.max_tokens, precision=precision)
        for precision in ("openvino-int8", "int8", "bfloat16")
    ]
    predictors = {f"headwinds, {one.precision}": one for one in made}  # a machine may have no int8
    theirs = peer_of(folder)

    def ours(name: str) -> np.ndarray:
        return predict(model, texts, predictor=predictors[name]).label

    for name in predictors:
        predict(model, texts[:64], predictor=predictors[name])
    theirs(texts[:64])
    seconds: dict[str, list[float]] = {name: [] for name in (*predictors, PEER)}
    labels = {}
    for _ in range(arguments.rounds):
        for name in seconds:
            started = time.perf_counter()
            labels[name] = theirs(texts) if name == PEER else ours(name)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    slow = medians[PEER]
    ratios = {
        name: [one / own for one, own in zip(seconds[PEER], values, strict=True)]
        for name, values in seconds.items()
    }
    rows = [
        [
            name,
            f"{len(texts) / medians[name]:,.0f}",
            f"{medians[name]:.2f} ({min(values):.2f}-{max(values):.2f})",
            f"{slow / medians[name]:.2f} ({min(ratios[name]):.2f}-{max(ratios[name]):.2f})",
            f"{(labels[name] == labels[PEER]).mean():.2%}",
            f"{(labels[name] == labels[PEER]).all(axis=1).mean():.2%}",
        ]
        for name, values in seconds.items()
    ]
    write_table(
        Path(__file__).parent / "results.md",
        "Scoring against a transformers pipeline",
        f"{len(texts):,} passages of the shipped corpus, {arguments.rounds} alternating rounds, tokenizing included. "
        "Pipeline: batches of 32, float32, padded as they come. "
        f"{torch.get_num_threads()} threads; load of the machine {os.getloadavg()[0]:.1f}. "
        "The study scores in int8; every other model in what it was trained in, "
        "unless `scoring_precision` says otherwise.",
        [
            "system",
            "passages a second",
            "seconds, median (range)",
            "times as fast, medians (range of the rounds)",
            "labels as the pipeline's",
            "passages with all labels so",
        ],
        rows,
        f"python -m benchmarks.scoring.run {arguments.run} --passages {arguments.passages} --rounds {arguments.rounds}",
    )


if __name__ == "__main__":
    main()
