"""Copies of training rows: of texts with labels, and of texts with spans, which move with the edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headwinds.adapt.augmentation.edits import Edit, apply_edits, easy_edits
from headwinds.adapt.tasks.cells import label_cell, labels_cell, list_cell
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.words import split_words
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from headwinds.adapt.methods.contract import Method
    from headwinds.adapt.settings import TuneSettings

    Places = Sequence[tuple[int, int]]
    Editor = Callable[[str, Places, np.random.Generator, Places | None], list[Edit]]

TASKS = ("text-classification", "named-entity-recognition")
WRITTEN = ("back-translation", "generated")
NAMED = ("masked", *WRITTEN)


def require_augmentable(settings: TuneSettings, method: Method) -> None:
    """Refuse an augmentation that the task does not admit, or that lacks its model.

    Raises
    ------
    SettingsError
        The task, the method, the missing checkpoint.
    """
    if not settings.augment:
        return
    if not method.learns:
        raise SettingsError(
            f"augment = {settings.augment!r}, and here no label is learnt from.", remedy="Leave it out."
        )
    if settings.task not in TASKS:
        raise SettingsError(
            f"augment = {settings.augment!r} cannot be used with {settings.task}: what its labels are of would change.",
            remedy=f"Leave it out; it is for {' and '.join(TASKS)}.",
        )
    if settings.task != "text-classification" and settings.augment in WRITTEN:
        raise SettingsError(
            f"augment = {settings.augment!r} writes whole texts, in which the spans of {settings.task} are lost.",
            remedy="Choose easy or masked.",
        )
    if settings.augment in NAMED and not settings.augment_checkpoint:
        raise SettingsError(
            f"augment = {settings.augment!r} needs a model.", remedy="Name it: augment_checkpoint."
        )
    if settings.training_share < 1:
        raise SettingsError(
            f"augment = {settings.augment!r} with training_share = {settings.training_share}: copies of rows that are left "
            "out would be learnt from.",
            remedy="Leave one of them out.",
        )


def augmented_rows(rows: Sequence[Row], settings: TuneSettings) -> list[Row]:
    """`augment_copies` copies of each row, without those that came out as they were.

    Raises
    ------
    SettingsError, CheckpointError, DataError
        See `require_augmentable`; a model cannot be loaded; a cell cannot be read.
    """
    found: list[Row] = []
    for copy in range(settings.augment_copies):
        seed = derive_seed(settings.seed, "augment", copy)
        if settings.augment in WRITTEN:
            found += _written(rows, settings, seed, copy)
            continue
        editor = easy_edits if settings.augment == "easy" else _masked(settings.augment_checkpoint)
        spans = (
            settings.task != "text-classification"
        )  # where columns of these names are any others of the file
        for number, row in enumerate(rows):
            made = _edited(row, editor, seed, number, copy, spans=spans)
            found += [] if made is None else [made]
    return found


def _edited(row: Row, editor: Editor, seed: int, number: int, copy: int, *, spans: bool) -> Row | None:
    import numpy as np

    generator = np.random.default_rng([seed, number])
    values = dict(row.values)
    if spans and values.get("tokens") is not None:
        values = _edited_words(row, editor, generator)
    else:
        text = str(values["text"])
        given = list_cell(row, "spans") if spans else []
        held = [  # as the task reads them: with names, or as three values
            one if isinstance(one, Mapping) else dict(zip(("start", "end", "label"), one, strict=True))
            for one in given
        ]
        places = [(int(span["start"]), int(span["end"])) for span in held]
        values["text"], moved = apply_edits(text, places, editor(text, places, generator, None))
        if not _are_of_words(values["text"], moved):
            return None  # where no space stands between scripts, an edit can put a letter at a span's border
        if held:
            values["spans"] = [
                {**span, "start": start, "end": end} for span, (start, end) in zip(held, moved, strict=True)
            ]
    same = all(values.get(name) == row.values.get(name) for name in ("text", "tokens"))
    return None if same else _copy(row, values, copy)


def _are_of_words(text: str, spans: Places) -> bool:
    """Whether each span begins and ends with words, as the task asks."""
    words = split_words(text) if spans else []
    starts, ends = {start for start, _ in words}, {end for _, end in words}
    return all(start in starts and end in ends for start, end in spans)


def _edited_words(row: Row, editor: Editor, generator: np.random.Generator) -> dict[str, Any]:
    """Words with tags: those outside of entities change one for one, so that tags stay; other edits are left out."""
    words, tags = [str(word) for word in list_cell(row, "tokens")], list_cell(row, "tags")
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    places = [
        (start, start + len(word), str(tag)) for start, word, tag in zip(starts, words, tags, strict=True)
    ]
    held = [(start, end) for start, end, tag in places if tag != "O"]
    text = " ".join(words)
    free = [
        (start, end)
        for start, end, tag in places
        if tag == "O" and any(sign.isalnum() for sign in text[start:end])
    ]
    changed = list(words)
    for edit in editor(text, held, generator, free):
        for number, (start, word) in enumerate(zip(starts, words, strict=True)):
            if (edit.start, edit.end) == (start, start + len(word)) and edit.text:
                changed[number] = edit.text
    return {**row.values, "tokens": changed}


def _written(rows: Sequence[Row], settings: TuneSettings, seed: int, copy: int) -> list[Row]:
    import numpy as np

    from headwinds.adapt.augmentation import written

    models = [part.strip() for part in settings.augment_checkpoint.split(";") if part.strip()]
    texts = [str(row.values["text"]) for row in rows]
    if settings.augment == "back-translation":
        made = written.translated_there_and_back(texts, models, seed=seed)
    else:
        pairs = list(zip(texts, map(label_in_words, rows), strict=True))
        generator = np.random.default_rng(seed)
        shown = []
        by_label: dict[str, list[tuple[str, str]]] = {}
        for pair in pairs:
            by_label.setdefault(pair[1], []).append(pair)
        for _, label in pairs:
            alike = by_label[label]
            shown.append([alike[int(n)] for n in generator.permutation(len(alike))[:2]])
        made = written.written_for_labels(pairs, shown, models[0], seed=seed)
    return [
        _copy(row, {**row.values, "text": text}, copy)
        for row, text, old in zip(rows, made, texts, strict=True)
        if text.strip() and text != old
    ]


def label_in_words(row: Row) -> str:
    """The label of a row, or its labels, in words; a number may be one, 0 too."""
    if row.values.get("label") is not None:
        return label_cell(row, "label")
    return ", ".join(labels_cell(row, "labels")) or "none"


def _masked(name: str) -> Editor:
    from headwinds.adapt.augmentation.masked import MaskedWords

    return MaskedWords(name).edits


def _copy(row: Row, values: Mapping[str, Any], copy: int) -> Row:
    named = {"id": f"{values['id']}, copy {copy + 1}"} if values.get("id") is not None else {}
    return Row(f"{row.place}, copy {copy + 1}", {**values, **named})
