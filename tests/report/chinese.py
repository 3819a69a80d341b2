"""A cut of the Chinese study that runs in seconds, and the words of a page as a reader sees them."""

from __future__ import annotations

import html
import re
import shutil

import pyarrow.parquet as pq

from house.repository import ROOT

STUDY = ROOT / "studies" / "china-reports"
NAMES = {
    "Noto",
    "Sans",
    "CJK",
    "Headwinds",
    "README",
    "CSV",
    "Parquet",
    "SVG",
    "PNG",
    "F1",
    "ISO",
    "U+FFFD",
    "default",
    "GiB",
}
"""Latin words that a Chinese reader meets: names of formats, files and settings, which are the same in every language."""
SETTINGS = {
    "Noto",
    "Sans",
    "CJK",
    "fits",
    "wordings",
    "limits",
    "study",
    "folds",
    "auto",
    "small",
    "area",
    "pretraining_until",
}


def cut_study(folder, others=400):
    """The study with its labelled passages and a few more, in a folder of its own."""
    folder.mkdir(parents=True)
    for name in ("codebook.md", "gold.jsonl", "study.toml"):
        shutil.copy(STUDY / name, folder / name)
    table = pq.read_table(STUDY / "passages.parquet")
    labelled = re.findall(r'"passage_id": "(\w+)"', (STUDY / "gold.jsonl").read_text(encoding="utf-8"))
    step = table.num_rows // others
    chosen = [
        row
        for row, name in enumerate(table["passage_id"].to_pylist())
        if name in set(labelled) or row % step == 0
    ]
    pq.write_table(table.take(chosen), folder / "passages.parquet")
    return folder / "study.toml"


def seen(page):
    """What a reader reads: the text of the page, what is said of its pictures, without how and from what it was made."""
    page = re.sub(r"<(style|script|metadata)\b.*?</\1>", "", page, flags=re.DOTALL)
    page = re.sub(r'<section id="provenance">.*?</section>', "", page, flags=re.DOTALL)
    said = re.findall(r'(?:aria-label|alt|title)="([^"]*)"', page)
    return html.unescape("\n".join([*said, re.sub(r"<[^>]+>", "\n", page)]))


def english(text):
    """Runs of Latin words that are no names: two or more letters in lower case, outside files, settings and codes."""
    text = re.sub(r"[\w./-]+\.(?:csv|json|parquet|html|md|toml|svg|png)\b|`[^`]*`|'[a-z-]+'", " ", text)
    words = re.findall(r"(?<![\w])[A-Za-z][A-Za-z_+0-9-]+", text, flags=re.ASCII)
    codes = re.compile(r"[EWN]\d{3}|[0-9a-f]{6,}")  # of findings; of fingerprints
    return sorted({word for word in words if word not in NAMES | SETTINGS and not codes.fullmatch(word)})
