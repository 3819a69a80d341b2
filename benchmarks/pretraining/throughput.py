"""Tokens a second beside the masked-language-model example of `transformers`, in pairs in one run.

Both train the same new architecture on the same rows with the same tokens a step. Theirs is the recipe of the library's
``examples/pytorch/language-modeling/run_mlm.py``: texts joined and cut (`group_texts`), `DataCollatorForLanguageModeling`
and `Trainer` with their defaults. Steps are timed alone, without the start of either, and the first is not counted.

Run from the repository's root: ``python -m benchmarks.pretraining.throughput SPEECHES.parquet FOLDER``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from itertools import chain
from pathlib import Path

from benchmarks.machine import write_table

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("text", help="raw text")
    parser.add_argument("folder", help="where tokens are kept")
    parser.add_argument("--architecture", default="bert-mini")
    parser.add_argument("--vocabulary", type=int, default=16_000)
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--documents", type=int, default=400)
    given = parser.parse_args()

    course, tokenizer = prepared(given)
    examples = grouped(course, tokenizer, given)
    ours, theirs = [], []
    for _ in range(given.pairs):
        ours.append(time_ours(course, given.steps))
        theirs.append(time_theirs(course, tokenizer, examples, given))
        print(ours[-1], theirs[-1], flush=True)
    tokens = course.exercise(1).tokens.size
    ratios = [[their[kind] / our[kind] for our, their in zip(ours, theirs, strict=True)] for kind in (0, 1)]
    rows = [
        [
            name,
            *(f"{tokens / statistics.median(one[kind] for one in times):,.0f}" for kind in (0, 1)),
        ]
        for name, times in (("headwinds", ours), ("transformers' Trainer", theirs))
    ]
    rows.append(
        ["ratio, median of pairs (lowest to highest)"]
        + [f"{statistics.median(one):.2f} ({min(one):.2f} to {max(one):.2f})" for one in ratios]
    )
    write_table(
        HERE / "throughput.md",
        "Masked language modelling: tokens a second",
        f"{given.architecture}, new, vocabulary {len(tokenizer):,}, rows of 128, {tokens:,} tokens a step, one thread; "
        f"{given.pairs} pairs of {given.steps} steps, one after the other. Ours: {course.precision}, 30% of the tokens "
        "asked for, no dropout. Theirs: the defaults (float32, 15% asked for, dropout 0.1, the vocabulary computed at every "
        "token). "
        "The machine was shared, so seconds of the processor count beside those of the clock.",
        ["", "tokens / s of the clock", "tokens / s of the processor"],
        rows,
        f"python -m benchmarks.pretraining.throughput speeches.parquet FOLDER --vocabulary {given.vocabulary} "
        f"--pairs {given.pairs} --steps {given.steps}",
    )


def prepared(given: argparse.Namespace):
    """A run of ours, ready for its first step, on some of the documents."""
    import pyarrow.parquet as pq

    from headwinds.adapt.pretraining import pretraining
    from headwinds.adapt.pretraining.beginning import begin
    from headwinds.adapt.pretraining.settings import PretrainSettings
    from headwinds.adapt.pretraining.streams import find_files

    folder = Path(given.folder)
    folder.mkdir(parents=True, exist_ok=True)
    some = folder / "some.parquet"
    pq.write_table(pq.read_table(given.text, columns=["text"]).slice(0, given.documents), some)
    settings = PretrainSettings(
        architecture=given.architecture, vocabulary=given.vocabulary, batch_tokens=given.batch_tokens
    )
    run = pretraining._Run(find_files([some]), begin(settings), folder, quiet=True)
    tokenizer, store, _ = pretraining._text(run)
    return pretraining._course(run, tokenizer, store)[0], tokenizer


def grouped(course, tokenizer, given: argparse.Namespace) -> list[dict[str, list[int]]]:
    """`group_texts` of the example: all documents with their special tokens joined, cut every 128 tokens."""
    import pyarrow.parquet as pq

    texts = pq.read_table(Path(given.folder) / "some.parquet")["text"].to_pylist()
    encoded = tokenizer(texts, return_special_tokens_mask=True)
    length = course.settings.sequence_tokens
    joined = {name: list(chain.from_iterable(values)) for name, values in encoded.items()}
    total = len(joined["input_ids"]) // length * length
    return [
        {name: values[start : start + length] for name, values in joined.items()}
        for start in range(0, total, length)
    ]


def time_ours(course, steps: int) -> tuple[float, float]:
    """Seconds of a step, by the clock and by the processor."""
    from headwinds.adapt.pretraining.loop import one_step
    from headwinds.adapt.training.optimizer import make_optimizer

    optimizer = make_optimizer(course.parameters, course.settings)
    course.network.train()
    for step in range(steps + 1):
        if step == 1:
            clock, processor = time.perf_counter(), time.process_time()
        one_step(course, course.exercise(step + 1), optimizer, step=step + 1)
    return (time.perf_counter() - clock) / steps, (time.process_time() - processor) / steps


def time_theirs(course, tokenizer, examples, given: argparse.Namespace) -> tuple[float, float]:
    """The same of the library's trainer."""
    from transformers import (
        BertConfig,
        BertForMaskedLM,
        DataCollatorForLanguageModeling,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    class Clock(TrainerCallback):
        def on_step_end(self, arguments, state, control, **_):
            if state.global_step == 1:
                self.began = time.perf_counter(), time.process_time()
            if state.global_step == given.steps + 1:
                self.took = time.perf_counter() - self.began[0], time.process_time() - self.began[1]

    size = course.network.model.config
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=size.hidden_size,
            num_hidden_layers=size.num_hidden_layers,
            num_attention_heads=size.num_attention_heads,
            intermediate_size=size.intermediate_size,
            max_position_embeddings=size.max_position_embeddings,
        )
    )
    clock = Clock()
    with tempfile.TemporaryDirectory() as place:
        Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=place,
                per_device_train_batch_size=given.batch_tokens // course.settings.sequence_tokens,
                max_steps=given.steps + 1,
                report_to="none",
                disable_tqdm=True,
                save_strategy="no",
                use_cpu=True,
            ),
            train_dataset=examples,
            data_collator=DataCollatorForLanguageModeling(tokenizer=tokenizer),
            callbacks=[clock],
        ).train()
    return clock.took[0] / given.steps, clock.took[1] / given.steps


if __name__ == "__main__":
    main()
