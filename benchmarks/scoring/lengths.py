"""Scoring against a plain `transformers` pipeline on texts of other lengths: one model, four kinds of texts.

A pipeline pads a batch to its longest text and hands over every text by itself, so that the ratio hangs on how much the
lengths of texts differ and on how short they are. Texts of more tokens than the model takes are left out: the pipeline
would cut them, and Headwinds reads them whole.

    python -m benchmarks.scoring.lengths runs/un-debates DATA --rounds 3
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from benchmarks.machine import write_table
from benchmarks.scoring.run import peer_of

from headwinds.adapt.fitted_model import FittedModel, load_model
from headwinds.adapt.prediction import make_predictor, predict

PRECISION = "openvino-int8"


def passages(run: Path, _: Path) -> list[str]:
    return pq.read_table(run / "check" / "corpus.parquet", columns=["text"])["text"].to_pylist()


def queries(_: Path, data: Path) -> list[str]:
    with (data / "labelled" / "banking77" / "train.csv").open(encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file)]


def dialogues(_: Path, data: Path) -> list[str]:
    path = data / "labelled" / "dialogsum" / "dialogsum.dev.jsonl"
    other = path.with_name("dialogsum.test.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines() + other.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["dialogue"] for line in lines]


def speeches(_: Path, data: Path) -> list[str]:
    """The lines of speeches of the Federal Reserve, as their file has them: headings, sentences, lists."""
    with lzma.open(data / "text" / "fomc" / "speeches.jsonl.xz", "rt", encoding="utf-8") as file:
        return [line for row in file for line in json.loads(row)["text"].split("\n") if line.strip()]


TEXTS: dict[str, Callable[[Path, Path], list[str]]] = {
    "passages of the shipped corpus": passages,
    "lines of speeches of the Federal Reserve": speeches,
    "BANKING77 queries": queries,
    "DialogSum dialogues": dialogues,
}


def drawn(texts: list[str], model: FittedModel, count: int) -> tuple[list[str], np.ndarray]:
    """So many texts that the model takes whole, and the tokens of each."""

    def fitting() -> Iterator[tuple[str, int]]:
        for row in np.random.default_rng(0).permutation(len(texts)):
            tokens = len(model.tokenizer(texts[row])["input_ids"])
            if tokens <= model.facts.max_tokens:
                yield texts[row], tokens

    found = [pair for pair, _ in zip(fitting(), range(count), strict=False)]
    return [text for text, _ in found], np.array([tokens for _, tokens in found])


def padded(tokens: np.ndarray, batch: int = 32) -> float:
    """The share of padding in batches of texts as they come."""
    longest = sum(part.max() * len(part) for part in np.split(tokens, range(batch, len(tokens), batch)))
    return 1 - tokens.sum() / longest


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a finished run")
    parser.add_argument("data", type=Path, help="the folder of the data sets")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder = next(path.parent for path in sorted(arguments.run.glob("tune/fold-*/**/model.json")))
    model = load_model(folder)
    predictor = make_predictor(
        model.network, model.tokenizer, max_tokens=model.facts.max_tokens, precision=PRECISION
    )
    if predictor.precision != PRECISION:
        raise SystemExit(f"This machine computes in {predictor.precision}, not in {PRECISION}.")
    theirs = peer_of(folder)

    def clocked(compute: Callable[[list[str]], np.ndarray], texts: list[str]) -> tuple[np.ndarray, float]:
        started = time.perf_counter()
        found = compute(texts)
        return found, time.perf_counter() - started

    rows = []
    for name, read in TEXTS.items():
        texts, tokens = drawn(read(arguments.run, arguments.data), model, arguments.texts)
        predict(model, texts[:64], predictor=predictor)
        theirs(texts[:64])
        slow, fast = [], []
        for _ in range(arguments.rounds):
            given, seconds = clocked(theirs, texts)
            slow.append(seconds)
            ours, seconds = clocked(lambda some: predict(model, some, predictor=predictor).label, texts)
            fast.append(seconds)
        ratios = [one / other for one, other in zip(slow, fast, strict=True)]
        rows.append(
            [
                name,
                f"{len(texts):,}",
                " / ".join(f"{one:.0f}" for one in np.quantile(tokens, (0.05, 0.5, 0.95))),
                f"{padded(tokens):.0%}",
                f"{len(texts) / statistics.median(slow):,.0f}",
                f"{len(texts) / statistics.median(fast):,.0f}",
                f"{statistics.median(slow) / statistics.median(fast):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
                f"{(ours == given).mean():.2%}",
            ]
        )
        print(rows[-1], flush=True)
    write_table(
        Path(__file__).parent / "lengths.md",
        "Scoring against a transformers pipeline, by the length of the texts",
        f"The model of the shipped study in {PRECISION}, {arguments.rounds} alternating rounds, tokenizing included. "
        "Pipeline: batches of 32, float32, padded as they come. Texts that the model does not take whole are left out. "
        f"{torch.get_num_threads()} threads; load of the machine {os.getloadavg()[0]:.1f}.",
        [
            "texts",
            "how many",
            "tokens, 5 / 50 / 95 %",
            "padding in the pipeline",
            "pipeline, texts a second",
            "headwinds, texts a second",
            "times as fast, medians (range of the rounds)",
            "labels as the pipeline's",
        ],
        rows,
        f"python -m benchmarks.scoring.lengths {arguments.run} {arguments.data} --rounds {arguments.rounds}",
    )


if __name__ == "__main__":
    main()
