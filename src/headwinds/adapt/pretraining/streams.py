"""Raw text, one document after the other, whatever its size: .txt, .jsonl, .parquet, packed or not, and folders of those.

Only the document at hand is in memory. What cannot be read is an error that names file and line; what is not read (files
of other endings, rows without text) is counted and told.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.labelled_files import require_whole_characters
from headwinds.contracts.missing_file import no_file
from headwinds.corpus.encodings import likely_encoding
from headwinds.errors import DataError, EncodingError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.settings import PretrainSettings

FORMATS = (".txt", ".jsonl", ".parquet")
PACKED = {".gz": gzip.open, ".xz": lzma.open}
LONGEST_DOCUMENT = (
    1_000_000  # characters: a longer one is read in parts that stay on one side of the held-out split
)
LONGEST_LINE = 16_000_000
PARQUET_ROWS = 256


@dataclass(frozen=True, slots=True)
class Text:
    """A document, or a part of a very long one.

    `cluster` names what stays together in the held-out split and in bootstrap draws: the digest of the group's value
    where a column of groups is named, else of the text itself, so that verbatim copies are never on two sides.
    """

    content: str
    cluster: bytes


@dataclass(slots=True)
class Counts:
    """What was met on the way, for the report."""

    empty: int = 0


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Files to read, in order, and those of their folders that are not read."""

    paths: tuple[Path, ...]
    others: tuple[Path, ...] = field(default=())


def find_files(named: Sequence[Path]) -> TextFiles:
    """The text files that are named, and those in the folders that are named, by name.

    Raises
    ------
    DataError
        One is not there, is of an unknown format, or a folder holds none.
    """
    if not named:
        raise SettingsError("No text is named.", remedy=f"Name files ({', '.join(FORMATS)}) or folders.")
    paths: list[Path] = []
    others: list[Path] = []
    for path in named:
        if path.is_dir():
            inside = sorted(item for item in path.rglob("*") if item.is_file() and not _hidden(item, path))
            known = [item for item in inside if format_of(item)]
            if not known:
                raise DataError(
                    f"The folder {path} holds no text file, expected {', '.join(FORMATS)}.",
                    remedy="Check the path.",
                )
            paths += known
            others += [item for item in inside if not format_of(item)]
        elif not path.is_file():
            raise no_file(path)
        elif not format_of(path):
            raise DataError(
                f"{path} is none of {', '.join(FORMATS)} (the first two also with .gz or .xz).",
                remedy="Save it in one of these formats.",
            )
        else:
            paths.append(path)
    return TextFiles(tuple(paths), tuple(others))


def format_of(path: Path) -> str:
    """One of `FORMATS`, "" for any other file."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] in PACKED
    kind = suffixes[-2] if packed and len(suffixes) > 1 else (suffixes[-1] if suffixes else "")
    return kind if kind in FORMATS and not (packed and kind == ".parquet") else ""


def read_texts(paths: Iterable[Path], settings: PretrainSettings, counts: Counts) -> Iterator[Text]:
    """Every document with something in it, in the order of the files.

    Raises
    ------
    DataError, EncodingError
        A file is damaged, a row is not what it should be: file, line and what was expected.
    """
    for path in paths:
        kind = format_of(path)
        if kind == ".txt":
            parts = _plain(path, settings)
        elif kind == ".jsonl":
            parts = _rows(_json_lines(path, settings.encoding), path, settings)
        else:
            parts = _rows(_parquet_rows(path, settings), path, settings)
        for content, group in parts:
            if not content.strip():
                counts.empty += 1
                continue
            cluster = hashlib.sha256((group or content.strip()).encode("utf-8", "surrogatepass")).digest()[:8]
            for start in range(0, len(content), LONGEST_DOCUMENT):
                yield Text(content[start : start + LONGEST_DOCUMENT], cluster)


def _plain(path: Path, settings: PretrainSettings) -> Iterator[tuple[str, str]]:
    """Documents of a .txt file, each with its group; a very long one comes in parts of one group."""
    held: list[str] = []
    size, number, parts = 0, 0, 0
    for _, line in _lines(path, settings.encoding, longest=LONGEST_DOCUMENT):
        blank = not line.strip()
        # Of a very long line only the last part ends it: what came of it as documents could stand on both sides of a split.
        ends = {"blank-lines": blank, "lines": line.endswith("\n"), "files": False}[settings.text_documents]
        if settings.text_documents == "lines" and blank:
            continue
        if not (ends and blank):
            held.append(line)
            size += len(line)
        whole = ends and bool(held)
        if whole or size >= LONGEST_DOCUMENT:
            parts += 0 if whole else 1
            yield "".join(held), f"{path.name}:{number}" if parts else ""
            held, size = [], 0
            if whole:
                number, parts = number + 1, 0
    if held:
        yield "".join(held), f"{path.name}:{number}" if parts else ""


def _rows(
    rows: Iterator[tuple[int, dict[str, Any]]], path: Path, settings: PretrainSettings
) -> Iterator[tuple[str, str]]:
    for number, values in rows:
        where = f"{path}, row {number}"
        if settings.text not in values:
            raise DataError(
                f"{where} has no column {settings.text!r}; it has {', '.join(map(str, values)) or 'none'}.",
                remedy="Name the column of the text: --set pretrain.text=NAME.",
            )
        content = values[settings.text]
        if content is None:
            yield "", ""
            continue
        if not isinstance(content, str):
            raise DataError(
                f"{where}: {settings.text} is a {type(content).__name__}, expected text.", remedy="Mend it."
            )
        group = ""
        if settings.group:
            if values.get(settings.group) in (None, ""):
                raise DataError(
                    f"{where}: {settings.group} is empty or missing.", remedy="Fill it, or group by another."
                )
            group = str(values[settings.group])
        try:
            (content + group).encode()
        except UnicodeEncodeError:  # JSON can say one half of an emoji, and no tokenizer reads it
            require_whole_characters(where, {settings.text: content, settings.group: group})
        yield content, group


def _json_lines(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in _lines(path, encoding, longest=LONGEST_LINE):
        if not line.strip():
            continue
        if len(line) >= LONGEST_LINE:
            raise DataError(f"{path}, line {number} is longer than {LONGEST_LINE:,} characters.")
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}, line {number} is not valid JSON ({error}).", remedy="Mend or remove the line."
            ) from error
        if not isinstance(values, dict):
            raise DataError(f"{path}, line {number} holds a {type(values).__name__}, expected an object.")
        yield number, values


def _parquet_rows(path: Path, settings: PretrainSettings) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            there = file.schema_arrow.names
            wanted = [name for name in (settings.text, settings.group) if name in there]
            if settings.text not in wanted:
                raise DataError(
                    f"{path} has no column {settings.text!r}; it has {', '.join(there)}.",
                    remedy="Name the column of the text: --set pretrain.text=NAME.",
                )
            for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=wanted):
                for values in batch.to_pylist():
                    number += 1
                    yield number, values
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(
            f"{path} cannot be read after row {number}: {reason}.", remedy="Fetch or save it again."
        ) from error


def _lines(path: Path, encoding: str, *, longest: int) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; one that is longer comes in parts, so that memory stays flat."""
    opened: Any = PACKED.get(path.suffix.lower(), open)
    number, begun = 1, False
    try:
        with opened(path, "rb") as binary, io.TextIOWrapper(binary, encoding=encoding) as file:
            while line := file.readline(longest):
                yield number, line.removeprefix("\ufeff") if number == 1 and not begun else line
                begun = not line.endswith("\n")
                number += not begun
    except LookupError as error:
        raise SettingsError(
            f"encoding = {encoding!r} is not an encoding of text that Python knows.",
            remedy='For instance "utf-8", "cp1252", "gb18030".',
        ) from error
    except UnicodeDecodeError as error:
        chunk = bytes(error.object)
        place = number + chunk[: error.start].count(b"\n")
        guess = likely_encoding(chunk[max(0, error.start - 2000) : error.start + 2000], besides=encoding)
        remedy = f'Set encoding = "{guess}", or save it as UTF-8.' if guess else "Save the file as UTF-8."
        raise EncodingError(
            f"{path}, line {place}: byte 0x{chunk[error.start]:02x} is not {encoding}."
            f"{f' It looks like {guess}.' if guess else ''}",
            remedy=remedy,
        ) from error
    except (OSError, EOFError, UnicodeError, lzma.LZMAError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read after line {number}: {error}.", remedy="Fetch or save it again."
        ) from error


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
