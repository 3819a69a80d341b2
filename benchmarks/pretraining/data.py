"""The labelled passages of the UN study as files to tune on, split by document: the same split for every model."""

from __future__ import annotations

import json
from pathlib import Path

from headwinds.artifacts.seeds import derive_seed

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "studies" / "un-debates"
TEST_SHARE = 0.35


def write_labelled(folder: Path) -> tuple[Path, Path]:
    """Write train.jsonl and test.jsonl from the study that the repository ships."""
    import pyarrow.parquet as pq

    passages = pq.read_table(STUDY / "sample.parquet", columns=["passage_id", "document_id", "text"])
    texts = {row["passage_id"]: row for row in passages.to_pylist()}
    gold = [json.loads(line) for line in (STUDY / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    sides: dict[str, list[str]] = {"train": [], "test": []}
    for row in gold:
        passage = texts[row["passage_id"]]
        side = "test" if derive_seed(0, "split", passage["document_id"]) < TEST_SHARE * 2**63 else "train"
        line = {"text": passage["text"], "labels": row["labels"], "document_id": passage["document_id"]}
        sides[side].append(json.dumps(line, ensure_ascii=False))
    folder.mkdir(parents=True, exist_ok=True)
    for side, lines in sides.items():
        (folder / f"{side}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "train.jsonl", folder / "test.jsonl"
