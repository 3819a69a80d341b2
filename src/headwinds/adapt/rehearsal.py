"""A dry run: the files are read, split and tokenized as they would be, and what would follow is told; nothing is fitted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import load_tokenizer
from headwinds.adapt.fitting import window_length
from headwinds.adapt.generators import formed_for
from headwinds.adapt.held_out import HeldOut, held_findings, held_lines
from headwinds.adapt.methods.registry import (
    method_for,
    require_recomputable,
    require_shareable,
    require_suited,
)
from headwinds.adapt.prompts.forms import memory_of
from headwinds.adapt.scratch import is_scratch, open_checkpoint, scratch_settings
from headwinds.adapt.tasks.multiple_choice import Questions
from headwinds.adapt.tasks.sentence_similarity import TextParts
from headwinds.adapt.training.batches import plan_batches
from headwinds.adapt.training.launching import require_room
from headwinds.adapt.training.resampling import class_of_rows, draw_balanced
from headwinds.adapt.tuning_data import prepare_files
from headwinds.adapt.tuning_files import LabelledFiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Examples

QUANTILES = (0.5, 0.9, 0.99, 1.0)
SHOWN_LABELS = 12


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a tuning would do.

    Attributes
    ----------
    training, validation, test
        Numbers of examples.
    labels
        How often each label occurs among the training examples; empty for tasks without labels.
    token_quantiles
        Tokens of an example: the median, and those that 90%, 99% and 100% do not exceed.
    max_tokens, windowed, whole
        The longest window, and the number of examples that need several; where one window is all that is read (`whole`
        is false), the number of those that are longer.
    steps
        Of one epoch; `epochs` of them at the most.
    settings
        With what the method decides put in.
    held_out
        What of the training file would be kept for the test.
    """

    training: int
    validation: int
    test: int
    labels: dict[str, int]
    token_quantiles: tuple[int, ...]
    max_tokens: int
    windowed: int
    whole: bool
    steps: int
    settings: TuneSettings
    held_out: HeldOut | None = None


def rehearse(files: LabelledFiles, settings: TuneSettings) -> Rehearsal:
    """Prepare a tuning and tell what it would do.

    Raises
    ------
    HeadwindsError
        Whatever the tuning itself would refuse before it begins.
    """
    import numpy as np

    task, data, test = prepare_files(files, settings)
    method = method_for(settings)
    require_suited(method, task)
    require_shareable(method, settings)
    require_recomputable(method, settings)
    require_room(settings)
    chosen = scratch_settings(settings) if is_scratch(settings.checkpoint) else settings
    with TemporaryDirectory() as folder:
        checkpoint = open_checkpoint(chosen, task, data.examples, data.training, Path(folder) / "checkpoint")
        chosen = method.settings(chosen, checkpoint.layers)
        max_tokens = window_length(checkpoint, chosen)
        task = formed_for(task, chosen, checkpoint, memory_of(chosen, data))
        encoded = task.encode(data.examples, load_tokenizer(checkpoint, offsets=False), max_tokens=max_tokens)
    rows = data.training
    if chosen.resampling != "none":
        targets = task.targets(data.examples, encoded, data.labels, chosen)
        [rows] = draw_balanced(class_of_rows(targets.truth.numpy()[rows]), rows, epochs=1, seed=chosen.seed)
    shares = encoded.read_share[data.training] if encoded.read_share is not None else None
    windows = np.diff(encoded.first_window)[data.training]
    return Rehearsal(
        training=len(data.training),
        validation=0 if np.array_equal(data.validation, data.training) else len(data.validation),
        test=0 if test is None else len(test.examples.ids),
        labels=_label_counts(data.examples, data.training.tolist()) if data.labels else {},
        token_quantiles=tuple(
            int(value) for value in np.quantile(encoded.tokens[data.training], QUANTILES, method="higher")
        ),
        max_tokens=max_tokens,
        windowed=int((windows > _texts_of(data.examples)[data.training]).sum())
        if shares is None
        else int((shares < 1).sum()),
        whole=shares is None,
        steps=len(plan_batches(encoded, rows, batch_tokens=chosen.batch_tokens)),
        settings=chosen,
        held_out=data.held_out,
    )


def _texts_of(examples: Examples) -> NDArray[np.int64]:
    """How many texts an example has, each with a window of its own at least."""
    import numpy as np

    if isinstance(examples, Questions):
        return np.array([len(own) for own in examples.choices])
    if isinstance(examples, TextParts):
        return np.array([1 + len(own) for own in examples.others])
    return np.ones(len(examples.ids), dtype=np.int64)


def rehearsal_lines(found: Rehearsal) -> list[str]:
    """The rehearsal as a person reads it."""
    settings = found.settings
    half, most, nearly_all, longest = found.token_quantiles
    lines = [
        f"{settings.task} by {settings.method}, checkpoint {settings.checkpoint}, seed {settings.seed}",
        f"{found.training:,} training, {found.validation:,} validation, {found.test:,} test examples",
        *held_lines(found.held_out),
        *(str(finding) for finding in held_findings(found.held_out)),
        f"tokens: half of the examples up to {half}, 90% up to {most}, 99% up to {nearly_all}, the longest {longest:,}; "
        f"windows of {found.max_tokens}; "
        + ("longer, read in several and not cut: " if found.whole else "longer and not read whole: ")
        + f"{found.windowed:,}",
        f"steps an epoch: {found.steps:,}; epochs: at most {settings.epochs}; learning rate {settings.learning_rate:g}",
    ]
    if found.labels:
        common = sorted(found.labels.items(), key=lambda item: (-item[1], item[0]))
        shown = ", ".join(f"{name} {count:,}" for name, count in common[:SHOWN_LABELS])
        more = f", and {len(common) - SHOWN_LABELS} more" if len(common) > SHOWN_LABELS else ""
        lines.append(f"labels ({len(common)}): {shown}{more}")
        rare = [name for name, count in common if count < 5]
        if rare:
            lines.append(
                f"labels with fewer than 5 training examples ({len(rare)}): {', '.join(rare[:SHOWN_LABELS])}"
            )
    return lines


def _label_counts(examples: Any, rows: list[int]) -> dict[str, int]:
    given: Any = examples.given if hasattr(examples, "given") else examples.spans
    counts: Counter[str] = Counter()
    for row in rows:
        own = given[row]
        names = [own] if isinstance(own, str) else [one if isinstance(one, str) else one[2] for one in own]
        counts.update(names)
    return dict(counts)
