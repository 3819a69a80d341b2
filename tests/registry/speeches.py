"""Real passages of the UN General Debate by period, and a small real checkpoint to read them with."""

from __future__ import annotations

import json
import random
from pathlib import Path

from house.repository import ROOT

STUDY = ROOT / "studies" / "un-debates"


def passages() -> dict[str, list[tuple[str, str, str]]]:
    """Gold passages (document, text, label) by period: whether a government speaks of technology and growth, or not."""
    import pyarrow.parquet as pq

    table = pq.read_table(STUDY / "sample.parquet", columns=["passage_id", "document_id", "text"])
    texts = {row["passage_id"]: row for row in table.to_pylist()}
    found: dict[str, list[tuple[str, str, str]]] = {}
    for line in (STUDY / "gold.jsonl").read_text(encoding="utf-8").splitlines():
        gold = json.loads(line)
        if gold["stratum"] == "strict":
            row = texts[gold["passage_id"]]
            label = "headwind or driver" if gold["labels"] else "neither"
            found.setdefault(gold["period"], []).append((row["document_id"], row["text"], label))
    for number, name in enumerate(sorted(found)):
        random.Random(number).shuffle(found[name])  # they stand by country
    return found


def make_small(folder: Path) -> str:
    """The offline default's tokenizer, embeddings and lowest layer, so that a whole life takes seconds."""
    from transformers import AutoModel, AutoTokenizer

    from headwinds.adapt.checkpoints import resolve_checkpoint

    default = str(resolve_checkpoint("default").folder)
    AutoModel.from_pretrained(default, num_hidden_layers=1).save_pretrained(folder)
    AutoTokenizer.from_pretrained(default).save_pretrained(folder)
    return str(folder)
