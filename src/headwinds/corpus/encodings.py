"""Bytes to text in the encoding that was said; where they do not fit, which encoding they look like."""

from __future__ import annotations

import codecs
import unicodedata
from itertools import pairwise
from pathlib import Path

from headwinds.errors import EncodingError, SettingsError

CANDIDATES = ("utf-8", "utf-16", "gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252", "latin-1")
# The mark of UTF-32 begins like that of UTF-16: it is looked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARK = "\ufeff"


def decode(data: bytes, encoding: str, path: Path) -> str:
    """Decode a whole file; a byte-order mark is dropped, and must be that of the said encoding.

    Raises
    ------
    SettingsError
        The encoding has no such name.
    EncodingError
        The bytes are not in it: the line and byte are told, and which encoding they look like.
    """
    family = _family(encoding)
    _check_mark(data, encoding, family, path)
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
    return text.removeprefix(_MARK)


def _family(encoding: str) -> str:
    """Python's name of the encoding, without byte order or mark: "utf-16-le" and "UTF16" are "utf-16"."""
    try:
        found = codecs.lookup(encoding)
        "".encode(
            encoding
        )  # codecs that turn bytes into bytes (base64) are looked up, too, but encode no text
    except (LookupError, ValueError) as error:
        raise SettingsError(
            f"encoding = {encoding!r} is not an encoding of text that Python knows.",
            remedy='For instance "utf-8", "cp1252", "gb18030".',
        ) from error
    return found.name.removesuffix("-sig").removesuffix("-le").removesuffix("-be")


def _check_mark(data: bytes, encoding: str, family: str, path: Path) -> None:
    """Raise an `EncodingError` if the first bytes say another encoding, or not the byte order where it is needed."""
    mark = next((name for prefix, name in _MARKS if data.startswith(prefix)), None)
    if mark and mark != family:
        raise EncodingError(
            f"{path}, line 1: the file begins with the mark of {mark.upper()}, but {encoding} was said.",
            remedy=f'Set encoding = "{mark}", or save the file as UTF-8.',
        )
    wide = family in ("utf-16", "utf-32")
    if wide and data and not mark and not encoding.lower().replace("_", "-").endswith(("le", "be")):
        raise EncodingError(
            f"{path}, line 1: no byte-order mark, so {encoding} does not say which byte comes first.",
            remedy=f'Set encoding = "{family}-le" or "{family}-be", or save the file as UTF-8.',
        )
    start = data[:200]
    if not wide and start.count(0) * 3 > len(start):
        order = "be" if start[0] == 0 else "le"
        raise EncodingError(
            f"{path}, line 1: byte {start.index(0)} and many others are zero, so it is not {encoding}.",
            remedy=f'Set encoding = "utf-16-{order}" if it was saved as "Unicode", or save the file as UTF-8.',
        )


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
    # "économie" read as Chinese begins with a character that no one writes against Latin letters.
    glued = sum(
        unicodedata.category(pair[0]) == "Lo" and pair[1].isascii() and pair[1].isalpha()
        for pair in (*pairwise(text), *pairwise(text[::-1]))
    )
    return (strange + 0.25 * mixed_scripts + glued) / len(beyond)
