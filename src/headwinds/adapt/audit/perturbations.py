"""Changes that should not change a label: typing errors, case, punctuation, spaces, forms of Unicode, other words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from headwinds.adapt.audit.text_units import text_units
from headwinds.adapt.augmentation.edits import Edit, apply_edits, easy_edits
from headwinds.adapt.tasks.cells import list_cell
from headwinds.adapt.tasks.contract import Row

if TYPE_CHECKING:
    import numpy as np

    Editor = Callable[[str, Sequence[tuple[int, int]], np.random.Generator], list[Edit]]

TYPO_SHARE = 0.1  # of the words that a typing error can be made in, at least one a text
SHORTEST = 4  # letters of such a word
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
WORDLESS = ".,;:!?\"'()[]"

MEANINGS = {
    "neighbouring key": "in one of ten words a letter becomes a neighbour on the keyboard",
    "swapped letters": "in one of ten words two letters change places",
    "dropped letter": "in one of ten words a letter is missing",
    "upper case": "everything in capitals",
    "lower case": "no capitals",
    "no punctuation": "punctuation is left out",
    "spaces": "every second space is doubled or a no-break space",
    "decomposed": "Unicode normal form D: letters and their marks apart",
    "typographic": "full-width digits, curly quotation marks",
    "other order": "words change places, are left out or said again, one in ten",
    "paraphrase": "words that a masked language model puts in their place, one in ten",
}


def perturbed_rows(rows: Sequence[Row], editor: Editor, *, seed: int) -> list[Row]:
    """Rows with their texts changed, with the spans of entities where they are now; a text that ends up empty is kept."""
    import numpy as np

    found = []
    for number, row in enumerate(rows):
        generator = np.random.default_rng([seed, number])
        values = dict(row.values)
        for column in ("text", "text_b"):
            if not isinstance(values.get(column), str):
                continue
            text = str(values[column])
            spans = list_cell(row, "spans") if column == "text" and values.get("spans") else []
            places = [(int(span["start"]), int(span["end"])) for span in spans]
            changed, moved = apply_edits(text, places, editor(text, places, generator))
            if not changed.strip():
                continue
            values[column] = changed
            if spans:
                values["spans"] = [
                    {**span, "start": start, "end": end}
                    for span, (start, end) in zip(spans, moved, strict=True)
                ]
        found.append(Row(row.place, values))
    return found


def editors(paraphrase: str = "") -> dict[str, Editor]:
    """Every change by its name; "paraphrase" where the checkpoint of a masked language model is named."""
    found: dict[str, Editor] = {
        "neighbouring key": _typos(_neighbour),
        "swapped letters": _typos(_swapped),
        "dropped letter": _typos(_dropped),
        "upper case": _each(str.upper),
        "lower case": _each(str.lower),
        "no punctuation": _each(lambda one: "" if one in WORDLESS else one),
        "spaces": _spaces,
        "decomposed": _each(lambda one: unicodedata.normalize("NFD", one)),
        "typographic": _each(_typographic),
        "other order": easy_edits,
    }
    if paraphrase:
        from headwinds.adapt.augmentation.masked import MaskedWords

        found["paraphrase"] = MaskedWords(paraphrase).edits
    return found


def _typos(change: Callable[[str, np.random.Generator], str]) -> Editor:
    def edit(text: str, spans: Sequence[tuple[int, int]], generator: np.random.Generator) -> list[Edit]:
        words = [
            (start, end)
            for start, end in text_units(text)
            if end - start >= SHORTEST
            and text[start:end].isascii()
            and text[start:end].isalpha()
            and _free(start, end, spans)
        ]
        count = min(len(words), max(1, round(TYPO_SHARE * len(words))))
        chosen = [words[int(number)] for number in generator.permutation(len(words))[:count]]
        return [Edit(start, end, change(text[start:end], generator)) for start, end in chosen]

    return edit


def _neighbour(word: str, generator: np.random.Generator) -> str:
    place = int(generator.integers(1, len(word)))
    letter = word[place].lower()
    row = next(row for row in KEYBOARD if letter in row)
    at = row.index(letter)
    near = [row[other] for other in (at - 1, at + 1) if 0 <= other < len(row)]
    drawn = near[int(generator.integers(len(near)))]
    return word[:place] + (drawn.upper() if word[place].isupper() else drawn) + word[place + 1 :]


def _swapped(word: str, generator: np.random.Generator) -> str:
    apart = [place for place in range(1, len(word) - 1) if word[place] != word[place + 1]]
    if not apart:
        return word
    place = apart[int(generator.integers(len(apart)))]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _dropped(word: str, generator: np.random.Generator) -> str:
    place = int(generator.integers(1, len(word)))
    return word[:place] + word[place + 1 :]


def _each(change: Callable[[str], str]) -> Editor:
    """Every character outside of spans by itself, so that spans stay where they are."""

    def edit(text: str, spans: Sequence[tuple[int, int]], generator: np.random.Generator) -> list[Edit]:
        return [
            Edit(place, place + 1, change(one))
            for place, one in enumerate(text)
            if change(one) != one and _free(place, place + 1, spans)
        ]

    return edit


def _spaces(text: str, spans: Sequence[tuple[int, int]], generator: np.random.Generator) -> list[Edit]:
    places = [place for place, one in enumerate(text) if one == " " and _free(place, place + 1, spans)]
    return [
        Edit(place, place + 1, "  " if number % 4 == 0 else "\u00a0")
        for number, place in enumerate(places)
        if number % 2 == 0
    ]


def _typographic(one: str) -> str:
    if one in "0123456789":
        return chr(ord(one) - ord("0") + 0xFF10)
    return {"'": "\u2019", '"': "\u201d", "-": "\u2013"}.get(one, one)


def _free(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return not any(first < end and start < last for first, last in spans)


def same_text(before: Row, after: Row) -> bool:
    """Whether a change left a row as it was."""
    names: Sequence[Any] = ("text", "text_b")
    return all(before.values.get(name) == after.values.get(name) for name in names)
