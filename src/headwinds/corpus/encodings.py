"""Bytes to text in the encoding that was said; where they do not fit, which encoding they look like."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

from headwinds.errors import EncodingError, SettingsError

CANDIDATES = ("utf-8", "utf-16", "gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252", "latin-1")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode(data: bytes, encoding: str, path: Path) -> str:
    """Decode a whole file; a byte-order mark of the said encoding is dropped.

    Raises
    ------
    SettingsError
        The encoding has no such name.
    EncodingError
        The bytes are not in it: the line and byte are told, and which encoding they look like.
    """
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise SettingsError(
            f"encoding = {encoding!r} is not an encoding that Python knows.",
            remedy='For instance "utf-8", "cp1252", "gb18030".',
        ) from error
    mark = next((name for prefix, name in _MARKS if data.startswith(prefix)), None)
    if mark == "utf-16" and not encoding.lower().replace("_", "-").startswith("utf-16"):
        raise EncodingError(
            f"{path} begins with the mark of UTF-16, but {encoding} was said.",
            remedy='Set encoding = "utf-16".',
        )
    if mark == "utf-8-sig" and encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        data = data[3:]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        guess = likely_encoding(data, besides=encoding)
        looks = f" It looks like {guess}." if guess else ""
        remedy = (
            f'Set encoding = "{guess}", or save the file as UTF-8.' if guess else "Save the file as UTF-8."
        )
        raise EncodingError(
            f"{path}, line {line}: byte {error.start} (0x{data[error.start]:02x}) is not {encoding}.{looks}",
            remedy=remedy,
        ) from error
    except UnicodeError as error:
        raise EncodingError(
            f"{path} is not {encoding}: {error}.", remedy="Say which encoding it is in."
        ) from error
    return text


def likely_encoding(data: bytes, *, besides: str = "") -> str | None:
    """The candidate in which the bytes read most like text, None if they read like text in none."""
    scores = []
    for rank, name in enumerate(CANDIDATES):
        if name == besides or (
            name == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        ):
            continue
        try:
            scores.append((_strangeness(data.decode(name)), rank, name))
        except UnicodeError:
            continue
    best = min(scores, default=None)
    return best[2] if best and best[0] < 0.5 else None


def _strangeness(text: str) -> float:
    """Share of the characters beyond ASCII that no writer would put there: controls, private use, rare symbols."""
    beyond = [character for character in text if ord(character) > 127]
    if not beyond:
        return 0.0
    strange = sum(
        unicodedata.category(character) not in ("Lo", "Ll", "Lu", "Po", "Pd", "Pi", "Pf", "Ps", "Pe")
        for character in beyond
    )
    mixed_scripts = sum(
        "LATIN" not in unicodedata.name(character, "") and ord(character) < 0x2000 for character in beyond
    )
    return (strange + 0.25 * mixed_scripts) / len(beyond)
