"""Personal data masked in a labelled file before anything is trained on it; spans of labels move along."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.audit.names_of_people import NAMES_PROBABILITY, find_names
from headwinds.adapt.audit.personal_data import PersonalData, find_personal_data, joined
from headwinds.adapt.augmentation.edits import Edit, apply_edits
from headwinds.adapt.labelled_files import require_whole_characters
from headwinds.adapt.tasks.cells import list_cell
from headwinds.adapt.tasks.contract import Row
from headwinds.artifacts.csv_cells import csv_text
from headwinds.artifacts.write import require_other_file, write_text
from headwinds.contracts import Finding
from headwinds.contracts.result import Result
from headwinds.corpus.records import read_records
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.adapt.fitted_model import FittedModel

FORMATS = (".jsonl", ".csv", ".tsv")
PLACED = ("answers", "answer_start")  # columns with places in a text or context that are not moved
SHOWN_PLACES = 20
ROLE = "role"


@dataclass(frozen=True, slots=True)
class MaskedRow:
    """A row after masking, and what was masked in it: kinds, by column."""

    row: Row
    masked: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PersonalDataFound(Result):
    """What was found in rows: kinds, counts and places, never the values.

    Attributes
    ----------
    rows
        How many were searched.
    columns
        In which columns.
    counts
        By kind: how often, and in how many rows.
    places
        By kind: where, at the most twenty.
    findings
        What a reader must know.
    """

    rows: int
    columns: tuple[str, ...]
    counts: Mapping[str, tuple[int, int]]
    places: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a kind: kind, found, rows."""
        import pandas as pd

        rows = [(kind, *numbers) for kind, numbers in self.counts.items()]
        return pd.DataFrame(rows, columns=["kind", "found", "rows"])

    @property
    def verdict(self) -> str:
        """In words."""
        total = sum(count for count, _ in self.counts.values())
        if not total:
            return f"nothing with a form that is looked for, in {self.rows:,} rows"
        kinds = ", ".join(f"{kind} {count:,}" for kind, (count, _) in self.counts.items())
        return f"{total:,} in {self.rows:,} rows: {kinds}"

    def summary(self) -> str:
        """The counts, and what is not covered."""
        return "\n".join([f"Personal data: {self.verdict}.", *(str(one) for one in self.findings)])

    def plot(self) -> Figure:
        """Counts by kind."""
        from headwinds.drawing.contributions import draw_contributions

        kinds = list(self.counts) or ["nothing found"]
        values = [float(self.counts[kind][0]) for kind in self.counts] or [0.0]
        return draw_contributions(kinds, values, axis="found")


def mask_file(
    file: Path,
    output: Path,
    *,
    columns: Sequence[str] = (),
    regions: Sequence[str] = (),
    names_model: FittedModel | None = None,
    names_probability: float = NAMES_PROBABILITY,
    encoding: str = "utf-8",
) -> PersonalDataFound:
    """Write a file whose personal data are masked: each becomes its kind in brackets, such as ``[EMAIL]``.

    Columns `spans`, `head` and `tail` with places in `text` are moved along; `tokens` with tags are masked word for word; of
    lists and objects, such as `messages`, every text and whole number in them.
    `names_model` and `names_probability` are those of `find_names`.

    Raises
    ------
    DataError
        A column is not there, a row cannot be read, or holds places that are not moved.
    SettingsError
        The format of `output`; the extra `privacy` is not installed.
    """
    require_other_file(file, output)
    if output.suffix not in FORMATS:
        raise SettingsError(f"{output} ends in {output.suffix!r}, expected one of {', '.join(FORMATS)}.")
    names, rows = _read(file, encoding)
    chosen = _columns(file, names, columns)
    masked = mask_rows(
        rows, chosen, regions=regions, names_model=names_model, names_probability=names_probability
    )
    if output.suffix == ".jsonl":
        lines = [json.dumps(dict(one.row.values), ensure_ascii=False) for one in masked]
        write_text(output, "".join(f"{line}\n" for line in lines))
    else:
        cells = ([_cell(one.row.values.get(name)) for name in names] for one in masked)
        write_text(output, csv_text(names, cells, delimiter="\t" if output.suffix == ".tsv" else ","))
    return counted(masked, chosen, names=names_model is not None)


def search_rows(
    rows: Sequence[Row],
    *,
    regions: Sequence[str] = (),
    names_model: FittedModel | None = None,
    names_probability: float = NAMES_PROBABILITY,
) -> PersonalDataFound:
    """What is found in rows, without changing anything."""
    held = {
        name
        for row in rows
        for name, value in row.values.items()
        if isinstance(value, str) or name == "tokens"
    }
    chosen = tuple(name for name in ("text", "text_b", "tokens") if name in held)
    plain = [Row(row.place, {name: row.values.get(name) for name in chosen}) for row in rows]
    return counted(
        mask_rows(
            plain, chosen, regions=regions, names_model=names_model, names_probability=names_probability
        ),
        chosen,
        names=names_model is not None,
    )


def mask_rows(
    rows: Sequence[Row],
    columns: Sequence[str],
    *,
    regions: Sequence[str] = (),
    names_model: FittedModel | None = None,
    names_probability: float = NAMES_PROBABILITY,
) -> list[MaskedRow]:
    """Every row with its personal data masked, in the columns named."""
    values = [dict(row.values) for row in rows]
    masked: list[list[tuple[str, str]]] = [[] for _ in rows]
    for column in columns:
        texts = [_texts(row, column) for row in rows]
        owner = [number for number, own in enumerate(texts) for _ in own]
        flat = [text for own in texts for text in own]
        people = (
            find_names(names_model, flat, names_probability=names_probability)
            if names_model is not None
            else [[] for _ in flat]
        )
        found: list[list[Sequence[PersonalData]]] = [[] for _ in rows]
        for number, text, names in zip(owner, flat, people, strict=True):
            found[number].append(joined(find_personal_data(text, regions=regions), names))
        for number, (row, own, all_of_it) in enumerate(zip(rows, texts, found, strict=True)):
            kinds = [(column, one.kind) for several in all_of_it for one in several]
            masked[number] += kinds
            if kinds:
                values[number].update(_masked(row, column, own, all_of_it))
    return [
        MaskedRow(Row(row.place, own), tuple(kinds))
        for row, own, kinds in zip(rows, values, masked, strict=True)
    ]


def counted(masked: Sequence[MaskedRow], columns: Sequence[str], *, names: bool) -> PersonalDataFound:
    """Counts and places of what was masked."""
    counts = Counter(kind for one in masked for _, kind in one.masked)
    places: dict[str, list[str]] = {kind: [] for kind in sorted(counts)}
    for one in masked:
        for kind in sorted({kind for _, kind in one.masked}):
            places[kind].append(one.row.place)
    findings = [
        Finding(
            "N270",
            "Looked for: e-mail and IP addresses, telephone numbers in international form or of the regions named, bank "
            "accounts, cards, national numbers of thirteen countries. Not for addresses, nicknames, or what is told of a "
            "person: what is left is not anonymous.",
        )
    ]
    if not names:
        findings.append(
            Finding(
                "W270",
                "Names of people were not looked for.",
                "Give a fitted model of named entities with --names-model.",
            )
        )
    return PersonalDataFound(
        len(masked),
        tuple(columns),
        {kind: (counts[kind], len(places[kind])) for kind in sorted(counts)},
        {kind: tuple(found[:SHOWN_PLACES]) for kind, found in places.items()},
        tuple(findings),
    )


def moved(places: Sequence[tuple[int, int]], edits: Sequence[Edit]) -> list[tuple[int, int]]:
    """Where stretches of a text are after edits; a stretch that an edit cuts into takes the whole of what is put in.

    Examples
    --------
    >>> moved([(0, 4), (8, 12)], [Edit(2, 10, "[NAME]")])
    [(0, 8), (2, 10)]
    """
    ordered = sorted(edits, key=lambda one: one.start)

    def mapped(place: int, *, ends: bool) -> int:
        shift = 0
        for one in ordered:
            if one.end <= place:
                shift += len(one.text) - (one.end - one.start)
            elif one.start < place:
                return one.start + shift + (len(one.text) if ends else 0)
        return place + shift

    return [(mapped(start, ends=False), mapped(end, ends=True)) for start, end in places]


def _masked(
    row: Row, column: str, texts: Sequence[str], several: Sequence[Sequence[PersonalData]]
) -> dict[str, Any]:
    if column != "tokens" and not isinstance(row.values.get(column), str):
        whole = iter(
            [_without(text, found) if found else None for text, found in zip(texts, several, strict=True)]
        )
        return {column: _within(row.values.get(column), whole)}
    text, found = texts[0], several[0]
    if column == "tokens":
        words, start, kept = [str(word) for word in list_cell(row, "tokens")], 0, []
        for word in words:
            touching = [one for one in found if one.start < start + len(word) and start < one.end]
            kept.append(_mask(touching[0].kind) if touching else word)
            start += len(word) + 1
        return {"tokens": kept}
    edits = [Edit(one.start, one.end, _mask(one.kind)) for one in found]
    changed: dict[str, Any] = {column: apply_edits(text, [], edits)[0]}
    if column not in ("text", "context"):
        return changed
    for name in PLACED:
        if row.values.get(name) not in (None, "", [], "[]"):
            raise DataError(
                f"{row.place}: {name} holds places in the text, which are not moved.",
                remedy="Mask the texts before they are labelled.",
            )
    if column == "context":
        return changed
    if row.values.get("spans"):
        spans = list_cell(row, "spans")
        before = [_place(row, "spans", span, text) for span in spans]
        changed["spans"] = [
            _moved_span(span, text[slice(*old)], changed[column], new)
            for span, old, new in zip(spans, before, moved(before, edits), strict=True)
        ]
    for name in ("head", "tail"):
        if row.values.get(name) not in (None, ""):
            place = _place(row, name, list_cell(row, name), text)
            changed[name] = list(moved([place], edits)[0])
    return changed


def _place(row: Row, column: str, item: Any, text: str) -> tuple[int, int]:
    """Where something stands: {start, end}, or a list that begins with both; what else it says is not repeated here."""
    if isinstance(item, Mapping):
        item = (item.get("start"), item.get("end"))
    ends = tuple(item)[:2] if isinstance(item, list | tuple) else ()
    whole = len(ends) == 2 and all(isinstance(one, int) and not isinstance(one, bool) for one in ends)
    if not whole or not 0 <= ends[0] <= ends[1] <= len(text):
        raise DataError(
            f"{row.place}: {column} holds what is no place in the text.",
            remedy='Write spans as {"start": 0, "end": 5, "label": "PERSON"}, head and tail as [0, 5], in characters.',
        )
    return ends[0], ends[1]


def _moved_span(span: Any, said: str, masked: str, place: tuple[int, int]) -> Any:
    """A span at its new place; where it repeats the words that it marks, these are masked with the text."""
    if not isinstance(span, Mapping):
        return [*place, *span[2:]]
    kept = {name: masked[slice(*place)] if value == said else value for name, value in span.items()}
    return {**kept, "start": place[0], "end": place[1]}


def _mask(kind: str) -> str:
    return f"[{kind.split(' (')[0].replace(' ', '_').upper()}]"


def _without(text: str, found: Sequence[PersonalData]) -> str:
    return apply_edits(text, [], [Edit(one.start, one.end, _mask(one.kind)) for one in found])[0]


def _texts(row: Row, column: str) -> list[str]:
    """What is searched of a cell: its text, words with spaces between them, or each text of a list or an object."""
    value = row.values.get(column)
    if column == "tokens":
        return [" ".join(str(word) for word in list_cell(row, column))] if value else []
    return list(_leaves(value))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping | list):
        for one in _parts(value):
            yield from _leaves(one)


def _parts(value: Mapping[str, Any] | list[Any]) -> list[Any]:
    """What is looked into; who speaks in a conversation is "user" or the like, and nobody's name."""
    return [one for name, one in value.items() if name != ROLE] if isinstance(value, Mapping) else value


def _within(value: Any, masked: Iterator[str | None]) -> Any:
    """The value with what `masked` says of each of its leaves; None leaves one as it is."""
    if isinstance(value, Mapping):
        return {name: one if name == ROLE else _within(one, masked) for name, one in value.items()}
    if isinstance(value, list):
        return [_within(one, masked) for one in value]
    if isinstance(value, str | int) and not isinstance(value, bool):
        said = next(masked)
        return value if said is None else said
    return value


def _read(file: Path, encoding: str) -> tuple[list[str], list[Row]]:
    names, records = read_records(file, encoding=encoding)
    rows = []
    for record in records:
        place = f"{file}, line {record.row}"
        if record.problem:
            raise DataError(f"{place}: {record.problem}.", remedy="Mend the line, or take it out.")
        require_whole_characters(place, record.values)
        rows.append(Row(place, record.values))
    if not rows:
        raise DataError(f"{file} has no rows.", remedy="Name a file with texts.")
    return list(names), rows


def _columns(file: Path, names: Sequence[str], asked: Sequence[str]) -> tuple[str, ...]:
    for name in asked:
        if name not in names:
            raise DataError(
                f"{file} has no column {name}; it has {', '.join(names)}.", remedy="Name one of these."
            )
    chosen = tuple(asked) or tuple(name for name in ("text", "text_b", "tokens") if name in names)
    if not chosen:
        raise DataError(
            f"{file} has no column text, text_b or tokens; it has {', '.join(names)}.",
            remedy="Name the columns to mask with --columns.",
        )
    return chosen


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
