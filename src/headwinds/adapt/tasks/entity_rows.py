"""Rows of named entities, read or refused: words with tags, or raw text with spans by characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from headwinds.adapt.tasks.cells import id_cell, list_cell, text_cell
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.tags import WordSpan, spans_of_tags
from headwinds.adapt.tasks.words import split_words
from headwinds.errors import DataError, quoted

COUNTED = "Give how many tokens each sentence has, in order; or leave the column out."


@dataclass(frozen=True, slots=True)
class TaggedTexts:
    """Texts, their words, and the spans of words that are entities.

    Attributes
    ----------
    words
        Of each text, character offsets (first, after the last) of its words.
    spans
        Of each text, (first word, after the last, type); they do not overlap.
    tagged
        Whether the file gave words with tags: predictions then come as tags too.
    """

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    words: tuple[tuple[tuple[int, int], ...], ...]
    spans: tuple[tuple[WordSpan, ...], ...]
    tagged: bool


def read_tagged_texts(rows: Sequence[Row], *, labelled: bool) -> TaggedTexts:
    """Words with tags where any row has words, else raw text with spans.

    Raises
    ------
    DataError
        A cell is no list, a token no word, a tag of no scheme; numbers of tokens, tags and words of sentences differ; a span
        lies outside of the text, does not begin and end with words, or overlaps another.
    """
    tagged = any(row.values.get("tokens") is not None for row in rows)
    found = [_tagged(row, labelled) if tagged else _raw(row, labelled) for row in rows]
    return TaggedTexts(
        ids=tuple(id_cell(row) for row in rows),
        places=tuple(row.place for row in rows),
        texts=tuple(text for text, _, _ in found),
        words=tuple(words for _, words, _ in found),
        spans=tuple(spans for _, _, spans in found),
        tagged=tagged,
    )


def _tagged(row: Row, labelled: bool) -> tuple[str, tuple[tuple[int, int], ...], tuple[WordSpan, ...]]:
    tokens = list_cell(row, "tokens")
    wrong = [token for token in tokens if not isinstance(token, str) or not token.strip()]
    if not tokens or wrong:
        said = "is empty" if not tokens else f"holds {quoted(wrong[0])}, which is no word"
        raise DataError(f"{row.place}: tokens {said}.", remedy="Give a list of words, or leave the row out.")
    words, place = [], 0
    for token in tokens:
        words.append((place, place + len(token)))
        place += len(token) + 1
    text = "\n".join(" ".join(sentence) for sentence in _sentences(row, tokens))
    if not labelled:
        return text, tuple(words), ()
    tags = list_cell(row, "tags")
    if len(tags) != len(tokens):
        raise DataError(
            f"{row.place}: {len(tokens)} tokens and {len(tags)} tags.",
            remedy="Give each token one tag; O for none.",
        )
    try:
        return text, tuple(words), tuple(spans_of_tags([str(tag) for tag in tags]))
    except ValueError as error:
        raise DataError(
            f"{row.place}: {quoted(str(error))} is no tag.",
            remedy="Write O, or B-NAME and I-NAME (also E-, S-).",
        ) from None


def _sentences(row: Row, tokens: list[str]) -> list[list[str]]:
    """The words by sentences; all in one where none are given."""
    counts = list_cell(row, "sentences")
    if not counts:
        return [tokens]
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise DataError(
                f"{row.place}: sentences holds {quoted(count)}, which counts no words.", remedy=COUNTED
            )
    if sum(counts) != len(tokens):
        raise DataError(
            f"{row.place}: sentences count {sum(counts)} words, and there are {len(tokens)} tokens.",
            remedy=COUNTED,
        )
    ends = list(accumulate(counts, initial=0))
    return [tokens[start:end] for start, end in pairwise(ends)]


def _raw(row: Row, labelled: bool) -> tuple[str, tuple[tuple[int, int], ...], tuple[WordSpan, ...]]:
    text = text_cell(row, "text")
    words = split_words(text)
    if not labelled:
        return text, tuple(words), ()
    starts, ends = (
        {start: number for number, (start, _) in enumerate(words)},
        {end: n for n, (_, end) in enumerate(words)},
    )
    spans: list[WordSpan] = []
    for item in list_cell(row, "spans"):
        start, end, name = _span(row, item, text)
        if start not in starts or end not in ends:
            around = text[max(start - 12, 0) : end + 12]
            raise DataError(
                f"{row.place}: span {start}-{end} {quoted(text[start:end])} does not begin and end with words, "
                f"in {quoted(around)}.",
                remedy="Move it to the borders of words; offsets count characters, the end exclusive.",
            )
        spans.append((starts[start], ends[end] + 1, name))
    spans.sort()
    for (_, before, one), (after, _, other) in pairwise(spans):
        if after < before:
            raise DataError(
                f"{row.place}: spans {quoted(one)} and {quoted(other)} overlap at {quoted(text[words[after][0] :][:20])}; "
                "nested entities are not learnt.",
                remedy="Keep the one that matters, or give the types to two models.",
            )
    return text, tuple(words), tuple(spans)


def _span(row: Row, item: Any, text: str) -> tuple[int, int, str]:
    values = (
        (item.get("start"), item.get("end"), item.get("label"))
        if isinstance(item, Mapping)
        else tuple(item)
        if isinstance(item, list | tuple) and len(item) == 3
        else (None, None, None)
    )
    start, end, name = values
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in (start, end))
    if not whole or not isinstance(name, str) or not name.strip():
        raise DataError(
            f"{row.place}: {quoted(item)} is no span.",
            remedy='Write {"start": 0, "end": 5, "label": "PERSON"}.',
        )
    if not 0 <= start < end <= len(text):
        raise DataError(
            f"{row.place}: span {start}-{end} lies outside of the text, which has {len(text)} characters.",
            remedy="Offsets count characters (not bytes, not UTF-16 units), the end exclusive.",
        )
    return int(start), int(end), name.strip()
