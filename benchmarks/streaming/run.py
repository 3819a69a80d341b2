"""Ten million passages through `headwinds score`, on one core: does memory stay flat, and the rate constant?

The passages of a corpus are repeated until there are as many as asked for, cut to their first words, their ids made unique,
and written as Parquet partitioned by year. A small encoder with random weights and one epoch of training scores them in a
process of its own; the times at which its parts were finished tell the rate, the kernel tells the peak of memory. What is
measured is the machinery of streaming: the model is as cheap as one can be that still reads text.

    python -m benchmarks.streaming.run /path/to/passages.parquet --passages 10000000 --folder /path/with/space
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from benchmarks.machine import write_table

YEARS = 10


def make_model(folder: Path, texts: list[str]) -> Path:
    """A one-layer encoder 32 wide over whole words, fitted for one epoch."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from headwinds.adapt.fold import LabelledTexts, fit_fold, plan_folds
    from headwinds.adapt.settings import TuneSettings

    if (folder / "model" / "model.json").exists():
        return folder / "model"
    counted = Counter(word for text in texts for word in text.split())
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(word for word, _ in counted.most_common(4000))]
    words = Tokenizer(
        models.WordLevel({name: number for number, name in enumerate(names)}, unk_token="[UNK]")
    )
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    )
    tokenizer.save_pretrained(folder / "checkpoint")
    torch.manual_seed(0)
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    }
    BertModel(BertConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder / "checkpoint")
    topics = ("develop", "peace")
    data = LabelledTexts(
        passage_ids=tuple(f"p{number}" for number in range(len(texts))),
        document_ids=tuple(f"d{number // 4}" for number in range(len(texts))),
        texts=tuple(texts),
        label_names=topics,
        truth=np.array([[word in text.lower() for word in topics] for text in texts]),
        stratum=("all",) * len(texts),
    )
    settings = TuneSettings(checkpoint=str(folder / "checkpoint"), epochs=1, folds=2, learning_rate=1e-3)
    fit_fold(data, plan_folds(data, settings)[0], settings, folder / "model", folder / "scratch", quiet=True)
    return folder / "model"


def make_corpus(source: Path, folder: Path, passages: int, words: int) -> None:
    """Partitioned Parquet with `passages` rows; found again when it is there."""
    done = folder / "_made.json"
    wanted = {"passages": passages, "words": words}
    if done.exists() and json.loads(done.read_text()) == wanted:
        return
    table = pq.read_table(source, columns=["passage_id", "text"])
    cut = pc.replace_substring_regex(table["text"], rf"^((?:\S+\s+){{{words - 1}}}\S+)[\s\S]*$", r"\1")
    ids = table["passage_id"].cast(pa.string())
    start = 0
    for number in range(-(-passages // len(table))):
        rows = min(len(table), passages - start)
        made = pa.table(
            {
                "passage_id": pc.binary_join_element_wise(ids[:rows], str(number), "#"),
                "text": cut[:rows],
                "country": pa.array([f"C{row % 190:03d}" for row in range(rows)]),
            }
        )
        # Each copy lies in one year, so that the files come in the order in which they are made.
        year = 1990 + number * YEARS // -(-passages // len(table))
        place = folder / f"year={year}"
        place.mkdir(parents=True, exist_ok=True)
        pq.write_table(made, place / f"copy-{number:05d}.parquet")
        start += rows
    done.write_text(json.dumps(wanted))


def state(process: int) -> tuple[float, int, float] | None:
    """Now, the bytes of memory that a process holds, and the seconds of a processor that it has had."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None
    ticks = int(fields[11]) + int(fields[12])
    return time.time(), pages * resource.getpagesize(), ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path, help="Parquet with passage_id and text")
    parser.add_argument("--passages", type=int, default=10_000_000)
    parser.add_argument("--words", type=int, default=6, help="of each passage that are kept")
    parser.add_argument("--folder", type=Path, default=Path("runs/streaming"))
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results.md")
    arguments = parser.parse_args()
    folder = arguments.folder / f"{arguments.passages}"
    folder.mkdir(parents=True, exist_ok=True)
    model = make_model(
        arguments.folder, pq.read_table(arguments.corpus, columns=["text"])["text"][:2000].to_pylist()
    )
    make_corpus(arguments.corpus, folder / "corpus", arguments.passages, arguments.words)
    began = time.time()
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "headwinds", "score", "--model", str(model), "--keep", "country,year"),
            *("--corpus", str(folder / "corpus"), "--output", str(folder / "out")),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    )
    seen: list[tuple[float, int, float]] = []

    def watch() -> None:
        while child.poll() is None:
            if (now := state(child.pid)) is not None:
                seen.append(now)
            time.sleep(0.2)

    watching = threading.Thread(target=watch)
    watching.start()
    if child.wait():
        raise SystemExit(child.returncode)
    watching.join()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    report(arguments, folder, began, seen, peak)


def report(
    arguments: argparse.Namespace,
    folder: Path,
    began: float,
    seen: list[tuple[float, int, float]],
    peak: int,
) -> None:
    parts = sorted((folder / "out" / "scores" / "parts").glob("*.parquet"))
    stage = json.loads((folder / "out" / "scores" / "stage.json").read_text())
    rows = np.array([pq.read_metadata(path).num_rows for path in parts])
    ended = np.array([path.stat().st_mtime for path in parts])
    when, held, used = (np.array(column) for column in zip(*seen, strict=True))
    edges = np.linspace(0, len(parts) - 1, 11).round().astype(int)
    table, rates = [], []
    for number, (first, last) in enumerate(itertools.pairwise(edges), start=1):
        count, seconds = int(rows[first + 1 : last + 1].sum()), ended[last] - ended[first]
        processor = float(np.diff(np.interp([ended[first], ended[last]], when, used))[0])
        most = held[(when >= ended[first]) & (when <= ended[last])].max(initial=0)
        rates.append(count / max(processor, 1e-9))
        shown = [f"{seconds:,.1f}", f"{count / max(seconds, 1e-9):,.0f}", f"{rates[-1]:,.0f}"]
        table.append([str(number), f"{count:,}", *shown, f"{most / 2**20:,.0f}"])
    ids = pc.count_distinct(pq.read_table(parts, columns=["passage_id"])["passage_id"]).as_py()
    write_table(
        arguments.results,
        "Scoring a corpus larger than memory",
        f"{stage['rows_in']:,} passages (the corpus repeated, each cut to its first {arguments.words} words, ids made "
        "unique) in partitioned Parquet through `headwinds score`, one core, by an encoder of one layer 32 wide over "
        "whole words: as cheap a model as still reads text, for it is the streaming that is measured. "
        f"{stage['rows']:,} scores with {ids:,} different ids in {stage['parts']:,} parts, {stage['refused']:,} refused. "
        f"Peak of memory {peak / 2**20:,.0f} MiB. The machine is shared, so the rate is also told for each second of the "
        f"processor that the process had: in the last tenth {rates[-1] / rates[0] - 1:+.1%} against the first. "
        f"{ended[0] - began:,.0f} s from the start to the first part (reading the footers, hashing the files and the "
        f"ids, loading the model), {ended[-1] - began:,.0f} s in all, {used[-1]:,.0f} s of processor. "
        "The first part is left out of the first tenth.",
        [
            "tenth",
            "passages",
            "seconds",
            "passages a second",
            "passages a second of processor",
            "most memory, MiB",
        ],
        table,
        f"python -m benchmarks.streaming.run {arguments.corpus} --passages {arguments.passages}",
    )


if __name__ == "__main__":
    main()
