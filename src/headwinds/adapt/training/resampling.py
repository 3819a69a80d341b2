"""Balanced resampling: in every epoch each class comes equally often, and the number of rows stays what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings


def classes_to_draw(
    targets: Any, training: NDArray[np.int64], settings: TuneSettings
) -> NDArray[np.int64] | None:
    """The class by which each row of `training` is drawn; None where every row comes once an epoch.

    `targets` are those of a task with classes (`losses.ClassTargets`); the settings admit no others.
    """
    if settings.resampling == "none":
        return None
    return class_of_rows(targets.truth.numpy()[training])


def class_of_rows(truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class by which each training row is drawn.

    Parameters
    ----------
    truth
        Shape (rows,), class numbers; or (rows, labels) of 0 and 1, where a row counts as one of the rarest of its labels
        (of equally rare ones, the first), and rows without a label are one more class, numbered after the labels.
    """
    import numpy as np

    if truth.ndim == 1:
        return truth
    marks = truth > 0
    rarity = np.where(marks, marks.sum(axis=0), np.iinfo(np.int64).max)
    found: NDArray[np.int64] = np.where(marks.any(axis=1), rarity.argmin(axis=1), truth.shape[1])
    return found


def draw_balanced(
    classes: NDArray[np.int64], rows: NDArray[np.int64], *, epochs: int, seed: int
) -> list[NDArray[np.int64]]:
    """The rows of every epoch, as many as there are, each class as often as any other.

    A class has an equal share of the epoch; where that is no whole number, the classes take turns in having one more. A
    class with fewer rows than its share has all of them as often as they fit, and the rest is drawn without replacement; so
    are the rows of a class with more. What is drawn goes through a shuffled order of the class's rows that is begun
    again, shuffled anew, only when it is used up: over the epochs every row comes equally often, up to one. Nothing
    hangs on an epoch's training, so that a resumed run and every process of several have the same plan.

    Parameters
    ----------
    classes
        Shape (rows,): the class of each of `rows`.
    """
    import numpy as np

    names = np.unique(classes)
    decks = [
        _Deck(
            rows[classes == name],
            np.random.default_rng(derive_seed(seed, "resampling", int(name))),
            left=rows[:0],
        )
        for name in names
    ]
    share, more = divmod(len(rows), len(names))
    plans = []
    for epoch in range(epochs):
        favoured = {(epoch * more + turn) % len(names) for turn in range(more)}
        drawn = [deck.draw(share + (place in favoured)) for place, deck in enumerate(decks)]
        plans.append(np.concatenate(drawn))
    return plans


@dataclass(slots=True)
class _Deck:
    """The rows of a class, dealt in a shuffled order; `left` are those that have not come since it was begun."""

    rows: NDArray[np.int64]
    generator: np.random.Generator
    left: NDArray[np.int64]

    def draw(self, count: int) -> NDArray[np.int64]:
        """So many rows; none twice before every one has come once."""
        import numpy as np

        times, rest = divmod(count, len(self.rows))
        found = [self.rows] * times
        if rest <= len(self.left):
            found.append(self.left[:rest])
            self.left = self.left[rest:]
            return np.concatenate(found)
        before = self.left
        places = self.generator.permutation(len(self.rows))
        fresh = self.rows[places]
        # Those of the new order that have just come stand at its end: none is drawn twice for the rest of one epoch.
        just = np.isin(fresh, before)
        fresh = np.concatenate([fresh[~just], fresh[just]])
        wanted = rest - len(before)
        self.left = fresh[wanted:]
        return np.concatenate([*found, before, fresh[:wanted]])
