"""Raw text in: every format says the same, memory stays flat, and what is wrong is one line with its place."""

from __future__ import annotations

import gzip
import json
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from adapt.pretraining.corpus import sentences, small
from headwinds.adapt.pretraining.pretraining import pretrain_files
from headwinds.adapt.pretraining.streams import LONGEST_DOCUMENT, Counts, find_files, read_texts
from headwinds.errors import DataError, EncodingError, HeadwindsError, SettingsError

TEXTS = ["The first document.", "Das zweite: größer.", "第三篇文章。"]


def contents(path: Path, **changes: object) -> list[str]:
    found = read_texts(find_files([path]).paths, small(**changes), Counts())
    return [text.content.strip() for text in found]


def write_parquet(path: Path, texts: list[str | None]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": list(range(len(texts))), "text": texts}), path)


def as_json_lines(texts: list[str]) -> str:
    return "\n".join(json.dumps({"id": 1, "text": text}, ensure_ascii=False) for text in texts)


def test_every_format_gives_the_same_documents(tmp_path: Path):
    (tmp_path / "a.txt").write_text("\n\n".join(TEXTS) + "\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    (tmp_path / "c.jsonl").write_text(as_json_lines(TEXTS), encoding="utf-8")
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(as_json_lines(TEXTS).encode()))
    (tmp_path / "e.txt.xz").write_bytes(lzma.compress("\n\n".join(TEXTS).encode()))
    write_parquet(tmp_path / "f.parquet", list(TEXTS))
    for name in ("a.txt", "c.jsonl", "d.jsonl.gz", "e.txt.xz", "f.parquet"):
        assert contents(tmp_path / name) == TEXTS, name
    assert contents(tmp_path / "b.txt", text_documents="lines") == TEXTS
    assert contents(tmp_path / "b.txt", text_documents="files") == ["\n".join(TEXTS)]
    assert contents(tmp_path) == TEXTS + ["\n".join(TEXTS)] + 4 * TEXTS


def test_other_encodings_and_byte_order_marks_are_read(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_bytes("\n\n".join(TEXTS).encode("utf-8-sig"))
    assert contents(path) == TEXTS
    path.write_bytes("\n\n".join(TEXTS).encode("gb18030"))
    assert contents(path, encoding="gb18030") == TEXTS
    path.write_bytes("\n\n".join(TEXTS).encode("utf-16"))
    assert contents(path, encoding="utf-16") == TEXTS


def test_a_file_without_any_line_end_is_read_in_flat_memory(tmp_path: Path):
    path = tmp_path / "a.txt"
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(40):
            file.write("word " * 200_000)
    tracemalloc.start()
    clusters, size = set(), 0
    for text in read_texts((path,), small(), Counts()):
        clusters.add(text.cluster)
        size += len(text.content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 40_000_000
    assert peak < 12_000_000
    assert len(clusters) == 1  # its parts stay on one side of the held-out split


def test_copies_and_groups_stay_on_one_side(tmp_path: Path):
    (tmp_path / "a.txt").write_text("\n\n".join(["same", "other", "same"]), encoding="utf-8")
    first, second, third = (
        text.cluster for text in read_texts((tmp_path / "a.txt",), small(text_documents="lines"), Counts())
    )
    assert first == third != second
    lines = [{"text": f"t{number}", "who": "AB"[number % 2]} for number in range(6)]
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    found = [text.cluster for text in read_texts((tmp_path / "b.jsonl",), small(group="who"), Counts())]
    assert len(set(found)) == 2
    assert found[0] == found[2] == found[4]


def test_what_is_empty_or_of_another_ending_is_told(tmp_path: Path):
    (tmp_path / "README.md").write_text("no text", encoding="utf-8")
    many = [f"the {a} {b} {c} of it" for a in "abcdefgh" for b in "ijklmn" for c in ("one", "two", "three")]
    write_parquet(tmp_path / "f.parquet", [*many, "", None])
    found = pretrain_files(
        [tmp_path], small(vocabulary=100, tokens=512), tmp_path.parent / f"{tmp_path.name}-out", quiet=True
    )
    told = {finding.code: finding.sentence for finding in found.report.findings}
    assert "README.md" in told["W113"]
    assert told["W114"].endswith("were left out: 2.")


def damaged_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(b"text\n" * 10_000)[:-20])


BAD: list[tuple[str, Callable[[Path], object], type[HeadwindsError], str]] = [
    (
        "a.txt",
        lambda path: path.write_bytes(b"good\n\ncaf\xe9 au lait\n"),
        EncodingError,
        r"line 3: byte 0xe9 is not",
    ),
    ("a.txt", lambda path: path.write_text(" \n\n "), DataError, "no text to train on"),
    (
        "a.jsonl",
        lambda path: path.write_text('{"text": "a"}\n{"text": '),
        DataError,
        "line 2 is not valid JSON",
    ),
    ("a.jsonl", lambda path: path.write_text('["a"]'), DataError, "line 1 holds a list"),
    ("a.jsonl", lambda path: path.write_text('{"body": "a"}'), DataError, "no column 'text'; it has body"),
    ("a.jsonl", lambda path: path.write_text('{"text": 3}'), DataError, "text is a int"),
    (
        "a.jsonl",
        lambda path: path.write_text('{"text": "cut \\ud83d"}'),
        DataError,
        "row 1: 'text' holds half a char",
    ),
    ("a.parquet", lambda path: path.write_bytes(b"PAR1"), DataError, "cannot be read after row 0"),
    ("a.txt.gz", damaged_gzip, DataError, "cannot be read after line"),
    ("a.pdf", lambda path: path.write_bytes(b"x"), DataError, "is none of .txt"),
]


@pytest.mark.parametrize(("name", "write", "kind", "said"), BAD)
def test_bad_text_is_one_clear_line(
    tmp_path: Path, name: str, write: Callable[[Path], object], kind: type[HeadwindsError], said: str
):
    write(tmp_path / name)
    with pytest.raises(kind, match=said) as caught:
        pretrain_files([tmp_path / name], small(), tmp_path / "out", quiet=True)
    assert "\n" not in str(caught.value)


def test_no_file_an_empty_folder_and_a_wrong_encoding_are_told(tmp_path: Path):
    with pytest.raises(DataError, match="There is no file"):
        find_files([tmp_path / "nothing.txt"])
    with pytest.raises(DataError, match="holds no text file"):
        find_files([tmp_path])
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    with pytest.raises(SettingsError, match="not an encoding"):
        contents(tmp_path / "a.txt", encoding="klingon")


@pytest.mark.parametrize("documents", ["lines", "blank-lines", "files"])
def test_parts_of_a_very_long_line_stay_on_one_side(tmp_path: Path, documents: str):
    (tmp_path / "a.txt").write_text("ab " * LONGEST_DOCUMENT + "\n\nshort\n")
    found = list(read_texts((tmp_path / "a.txt",), small(text_documents=documents), Counts()))
    long = [text for text in found if text.content.startswith(("ab", "b ", " a"))]
    assert len(long) == 3
    assert len({text.cluster for text in long}) == 1
    assert "short" in found[-1].content


def test_a_very_long_document_loses_nothing(tmp_path: Path):
    long = "ab " * LONGEST_DOCUMENT
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": long}), encoding="utf-8")
    found = list(read_texts((tmp_path / "a.jsonl",), small(), Counts()))
    assert "".join(text.content for text in found) == long
    assert len({text.cluster for text in found}) == 1


def test_a_text_that_spells_a_special_token_is_text(tmp_path: Path):
    """Corpora mark their sentences with <s> and </s>: each was taken for the end of a document."""
    from headwinds.adapt.pretraining.token_store import write_tokens
    from headwinds.adapt.pretraining.tokenizer_training import learn_tokenizer

    settings = small(vocabulary=400, text_documents="files")
    tokenizer = learn_tokenizer(lambda: sentences(200), "byte-bpe", settings, objective="causal")
    end = tokenizer.eos_token
    (tmp_path / "marked.txt").write_text(f"{end}one{end}" * 9)
    paths = (tmp_path / "marked.txt",)
    found = write_tokens(
        tmp_path / "store", "x", tokenizer, lambda counts: read_texts(paths, settings, counts), settings
    )
    assert found.tokens + found.held_out_tokens > 18
    assert found.token_counts()[tokenizer.eos_token_id] == 0
