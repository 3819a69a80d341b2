"""A test from the training file itself: drawn rows, whole groups, or the latest; what was done is told with the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.sides import drawn_off, groups_of, latest_off
from headwinds.adapt.times import times_of
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding
from headwinds.errors import DataError, quoted

if TYPE_CHECKING:
    from headwinds.adapt.sides import Sides
    from headwinds.adapt.tasks.contract import Row, Task

SHOWN_LABELS = 8


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How a training file was split.

    Attributes
    ----------
    test_share, test_rows, rows
        The share that was asked for, the rows that were held out, and all rows of the file.
    group, split_by
        The columns by which it was done, "" for none.
    cut
        With `split_by`: the earliest value of the test, as it stands in the file. All rows at or after it are the test.
    validation_rows, validation_cut
        Of the training file: the rows that validate (0 where a file or the method does without), and with `split_by` the
        earliest value among them.
    unseen, unseen_rows
        Labels that no row outside the test has, with the number of test rows of each; and how many rows those are. No model
        could give them: they are counted here, and are not among the examples of the metrics.
    """

    test_share: float
    test_rows: int
    rows: int
    group: str = ""
    split_by: str = ""
    cut: str = ""
    validation_rows: int = 0
    validation_cut: str = ""
    unseen: dict[str, int] = field(default_factory=dict)
    unseen_rows: int = 0


@dataclass(frozen=True, slots=True)
class SplitFile:
    """The rows of a training file on both sides."""

    training: list[Row]
    test: list[Row]
    held: HeldOut


def hold_out(rows: Sequence[Row], share: float, *, group: str, split_by: str, seed: int) -> SplitFile:
    """Take about `share` of the rows for a test: the latest by the column `split_by`, else drawn; groups stay whole.

    Raises
    ------
    DataError
        A column is missing, empty, or neither number nor date; no row would be left on a side; a group would be torn.
    """
    count = round(share * len(rows))
    if not 0 < count < len(rows):
        raise DataError(
            f"test_share = {share:g} of {len(rows):,} rows leaves no row to {'the test' if count == 0 else 'the training'}.",
            remedy="Choose another share, or take more rows.",
        )
    groups = groups_of(rows, group)
    if split_by:
        sides = latest_off(times_of(rows, split_by), groups, share, part="the test", column=split_by)
    else:
        sides = drawn_off(groups, share, seed=derive_seed(seed, "test"))
    training, test = ([rows[number] for number in side.tolist()] for side in sides)
    held = HeldOut(share, len(test), len(rows), group, split_by, earliest(test, split_by))
    return SplitFile(training, test, held)


def latest_validation(rows: Sequence[Row], share: float, *, group: str, split_by: str) -> Sides:
    """Numbers of the rows that train, and of the latest, which validate: what a forecaster has before the test begins.

    Raises
    ------
    DataError
        All rows are of one time, or every cut tears a group.
    """
    groups, times = groups_of(rows, group), times_of(rows, split_by)
    return latest_off(times, groups, share, part="the validation", column=split_by)


def earliest(rows: Sequence[Row], split_by: str) -> str:
    """The earliest value of a column as it stands in the file; "" without a column."""
    if not split_by:
        return ""
    times = times_of(rows, split_by)
    first: Any = min(range(len(rows)), key=lambda number: times[number])
    return str(rows[first].values[split_by]).strip()


def told_validation(held: HeldOut, rows: Sequence[Row]) -> HeldOut:
    """The same with the rows of the training file that validate."""
    return replace(
        held, validation_rows=len(rows), validation_cut=earliest(rows, held.split_by) if rows else ""
    )


def require_labels(task: Task[Any], split: SplitFile) -> None:
    """Refuse a side with one label where the file has several: said before the task sees the training side alone.

    Raises
    ------
    DataError
        It names the side and the label.
    """
    training, test = (_kinds(task.read(rows, labelled=True)) for rows in (split.training, split.test))
    varied = len({*training, *test}) > 1
    _require_several("the training", training, varied)
    _require_several("the test", test, varied)


def require_labels_of_test(test: Any, labels: Sequence[str]) -> None:
    """The same of a test alone, for methods that learn from no label: `labels` are those of the codebook.

    Raises
    ------
    DataError
        All examples have one label, and there are several.
    """
    _require_several("the test", _kinds(test), len(labels) > 1)


def without_unseen(task: Task[Any], split: SplitFile, labels: Sequence[str]) -> tuple[list[Row], HeldOut]:
    """The test rows whose labels a model of `labels` can give, and what was held out with the count of the others.

    Raises
    ------
    DataError
        There are no such rows, or they have one label.
    """
    known = set(labels)
    if not known:
        return split.test, split.held
    test = task.read(split.test, labelled=True)
    names = _labels_of(test)
    if all(own <= known for own in names):
        return split.test, split.held
    kept = [number for number, own in enumerate(names) if own <= known]
    counts = Counter(name for own in names for name in own if name not in known)
    if not kept:
        raise DataError(
            f"No test row has only labels that occur outside the test: {quoted(min(counts))}, for one, does not.",
            remedy="Choose another share, or another column.",
        )
    kinds = _kinds(test)
    _require_several("the test", [kinds[number] for number in kept] if kinds else [], varied=True)
    held = replace(split.held, unseen=dict(sorted(counts.items())), unseen_rows=len(names) - len(kept))
    return [split.test[number] for number in kept], held


def _require_several(part: str, kinds: Sequence[frozenset[str]], varied: bool) -> None:
    if varied and len(set(kinds)) == 1:
        shown = ", ".join(sorted(kinds[0])) or "none"
        raise DataError(
            f"The split leaves one label to {part}: all {len(kinds):,} rows there have {quoted(shown)}.",
            remedy="Choose another share, or another column.",
        )


def _kinds(examples: Any) -> list[frozenset[str]]:
    """What each example is as a whole; empty for tasks that do not label whole examples."""
    return _labels_of(examples) if hasattr(examples, "given") else []


def _labels_of(examples: Any) -> list[frozenset[str]]:
    """The labels of each example, of it as a whole or of spans in it; empty for tasks without labels."""
    if hasattr(examples, "given"):
        return [frozenset([own] if isinstance(own, str) else own) for own in examples.given]
    if hasattr(examples, "spans"):
        return [frozenset(name for _, _, name in own) for own in examples.spans]
    return []


def held_lines(held: HeldOut | None) -> list[str]:
    """What was held out, as a person reads it."""
    if held is None:
        return []
    count, every, before = held.test_rows, held.rows, held.rows - held.test_rows
    reached, asked = 100 * count / every, 100 * held.test_share
    if held.split_by:
        lines = [
            f"Test: the {count:,} rows with {held.split_by} at or after {held.cut} "
            f"({reached:.1f}% of {every:,} rows, asked for {asked:.1f}%); {before:,} rows are before it."
        ]
    elif held.group:
        lines = [
            f"Test: {count:,} rows, whole groups of {held.group} that were drawn "
            f"({reached:.1f}% of {every:,} rows, asked for {asked:.1f}%)."
        ]
    else:
        lines = [
            f"Test: {count:,} rows that were drawn ({reached:.1f}% of {every:,} rows, asked for {asked:.1f}%)."
        ]
    aside = held.validation_rows
    if aside and held.split_by:
        lines.append(
            f"Validation: the {aside:,} rows with {held.split_by} from {held.validation_cut} up to the test "
            f"({100 * aside / before:.1f}% of those before it)."
        )
    elif aside:
        lines.append(f"Validation: {aside:,} rows that were drawn ({100 * aside / before:.1f}% of the rest).")
    if held.split_by and held.group:
        lines.append(f"No group of {held.group} has rows on two sides.")
    return lines


def held_findings(held: HeldOut | None) -> tuple[Finding, ...]:
    """What to weigh of a test that was held out: rows that no model of this file could get right."""
    if held is None or not held.unseen_rows:
        return ()
    shown = ", ".join(f"{name} ({count:,})" for name, count in list(held.unseen.items())[:SHOWN_LABELS])
    more = f" and {len(held.unseen) - SHOWN_LABELS} more" if len(held.unseen) > SHOWN_LABELS else ""
    return (
        Finding(
            "W117",
            f"In {held.unseen_rows:,} of {held.test_rows:,} test rows is a label that occurs in the test alone, so no model "
            f"could give it: {shown}{more}.",
            "They are not in the metrics: count them as errors where you report how it does on what is new.",
        ),
    )


def read_held(plain: Mapping[str, Any] | None) -> HeldOut | None:
    """What was held out, as JSON has it."""
    return None if plain is None else HeldOut(**plain)
