"""Lists of words that are exchanged for one another: those that come with Headwinds, and the user's own."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from headwinds.corpus.records import read_records
from headwinds.errors import DataError, SettingsError

SHIPPED = ("gender", "names", "countries")
FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class SwapList:
    """Groups of words.

    Attributes
    ----------
    name
        Of the list.
    groups
        Names of at least two groups.
    words
        Of each group. In a list that is `aligned` the words of one row mean each other, and a word becomes its own
        counterpart; else a word becomes words that are drawn from the other group.
    aligned
        Whether rows belong together.
    """

    name: str
    groups: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    aligned: bool


def shipped_list(name: str) -> SwapList:
    """The list of that name; countries are those of the International Organization for Standardization, by continent.

    Raises
    ------
    SettingsError
        There is none.
    """
    if name not in SHIPPED:
        raise SettingsError(
            f"There is no list of swaps {name!r}.",
            remedy=f"Choose of {', '.join(SHIPPED)}, or name a CSV file.",
        )
    if name == "countries":
        return _countries()
    rows = list(csv.reader(io.StringIO((FOLDER / f"{name}.csv").read_text(encoding="utf-8"))))
    columns = tuple(zip(*rows[1:], strict=True))
    return SwapList(name, tuple(rows[0]), columns, aligned=name == "gender")


def read_swap_list(path: Path, *, encoding: str = "utf-8") -> SwapList:
    """A list of one's own: a column a group, named by its head; the words of a row are each other's counterparts.

    Raises
    ------
    DataError
        It has fewer than two columns, no row, an empty cell, or a word twice in a column.
    """
    names, records = read_records(path, encoding=encoding)
    if len(names) < 2:
        raise DataError(
            f"{path} has one column ({names[0] if names else 'none'}), and a list of swaps needs at least two groups.",
            remedy="Give each group a column: what stands in one row is exchanged.",
        )
    rows = []
    for record in records:
        if record.problem:
            raise DataError(f"{path}, line {record.row}: {record.problem}.", remedy="Mend the line.")
        row = [str(record.values.get(name) or "").strip() for name in names]
        for name, word in zip(names, row, strict=True):
            if not word:
                raise DataError(
                    f"{path}, line {record.row}: {name} is empty.",
                    remedy="Fill it: a word must have a counterpart in every group.",
                )
        rows.append(row)
    if not rows:
        raise DataError(f"{path} has no rows.", remedy="Give at least one row of words.")
    columns = tuple(zip(*rows, strict=True))
    for name, column in zip(names, columns, strict=True):
        folded = [word.casefold() for word in column]
        twice = next((word for word in column if folded.count(word.casefold()) > 1), None)
        if twice is not None:
            raise DataError(
                f"{path}: {twice!r} stands twice in column {name}, so its counterpart is not known.",
                remedy="Keep one of the rows.",
            )
    return SwapList(path.stem, tuple(names), columns, aligned=True)


def _countries() -> SwapList:
    """Short names of the members of the United Nations by continent; from `country_converter`."""
    from country_converter.country_converter import COUNTRY_DATA_FILE

    with Path(COUNTRY_DATA_FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    continents: dict[str, list[str]] = {}
    for row in rows:
        if row["UNmember"]:
            continents.setdefault(row["continent"], []).append(row["name_short"])
    groups = tuple(sorted(continents))
    return SwapList(
        "countries", groups, tuple(tuple(sorted(continents[name])) for name in groups), aligned=False
    )
