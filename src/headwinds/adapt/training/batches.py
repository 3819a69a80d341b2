"""Batches with a budget of tokens: texts of like length together, so that hardly any padding is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.encoding import EncodedTexts


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded windows of some texts.

    Attributes
    ----------
    rows
        Shape (texts,): which texts of the encoded list.
    input_ids
        Shape (windows, length).
    attention_mask
        Shape (windows, length), 1 for text and 0 for padding; None when no window is padded.
    owner
        Shape (windows,): position in `rows` of each window's text.
    types, shapes
        Shape (windows, length): as in `EncodedTexts`; None where the texts have none.
    marks
        Shape (texts, marks): as in `EncodedTexts`.
    written
        Shape (texts, length of what is to be written), -1 for padding; None where nothing is.
    learnt
        Shape (windows, length): as in `EncodedTexts`.
    """

    rows: NDArray[np.int64]
    input_ids: torch.Tensor
    attention_mask: torch.Tensor | None
    owner: torch.Tensor
    types: torch.Tensor | None = None
    shapes: torch.Tensor | None = None
    marks: torch.Tensor | None = None
    written: torch.Tensor | None = None
    learnt: torch.Tensor | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The batch with its tensors on a device; itself where they are there already."""
        import torch

        if self.input_ids.device == torch.device(device):
            return self

        def moved(tensor: torch.Tensor | None) -> torch.Tensor | None:
            return None if tensor is None else tensor.to(device)

        return Batch(
            self.rows,
            self.input_ids.to(device),
            moved(self.attention_mask),
            self.owner.to(device),
            moved(self.types),
            moved(self.shapes),
            moved(self.marks),
            moved(self.written),
            moved(self.learnt),
        )


def plan_batches(
    encoded: EncodedTexts,
    rows: NDArray[np.int64],
    *,
    batch_tokens: int,
    generator: np.random.Generator | None = None,
) -> list[NDArray[np.int64]]:
    """Cut `rows` into batches of at most `batch_tokens` padded tokens (one text alone may exceed it).

    With a generator the order is random: lengths are blurred by a few tokens before sorting, so that the same texts do
    not always meet, and the batches are shuffled. Without one the plan is a function of the lengths alone.
    """
    import numpy as np

    longest, windows = window_sizes(encoded, rows)
    added = _written_sizes(encoded, rows)
    together = longest + added
    if generator is None:
        order = np.argsort(together, kind="stable")
    else:
        shuffled = generator.permutation(len(rows))
        blurred = together[shuffled] + generator.normal(0.0, 3.0, len(rows))
        order = shuffled[np.argsort(blurred, kind="stable")]
    batches: list[NDArray[np.int64]] = []
    current: list[int] = []
    width, height, beside = 0, 0, 0
    for position in order:
        wider, higher = max(width, int(longest[position])), height + int(windows[position])
        more = max(beside, int(added[position]))
        if current and (wider + more) * higher > batch_tokens:
            batches.append(rows[current])
            current, wider, higher = [], int(longest[position]), int(windows[position])
            more = int(added[position])
        current.append(int(position))
        width, height, beside = wider, higher, more
    if current:
        batches.append(rows[current])
    if generator is not None:
        generator.shuffle(batches)
    return batches


def window_sizes(
    encoded: EncodedTexts, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Length of the longest window and number of windows of each text in `rows`."""
    import numpy as np

    longest = np.fromiter(
        (max(len(w) for w in encoded.windows_of(int(row))) for row in rows), np.int64, count=len(rows)
    )
    return longest, encoded.first_window[rows + 1] - encoded.first_window[rows]


def _written_sizes(encoded: EncodedTexts, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    if encoded.written is None:
        return np.zeros(len(rows), dtype=np.int64)
    return np.fromiter((len(encoded.written[int(row)]) for row in rows), np.int64, count=len(rows))


def collate(encoded: EncodedTexts, rows: Sequence[int] | NDArray[np.int64], *, padding_id: int) -> Batch:
    """Pad the windows of `rows` to one rectangle."""
    import numpy as np
    import torch

    windows = [window for row in rows for window in encoded.windows_of(int(row))]
    owner = [position for position, row in enumerate(rows) for _ in encoded.windows_of(int(row))]
    length = max(len(window) for window in windows)
    ids = np.full((len(windows), length), padding_id, dtype=np.int64)
    mask = np.zeros((len(windows), length), dtype=np.int64)
    for index, window in enumerate(windows):
        ids[index, : len(window)] = window
        mask[index, : len(window)] = 1
    padded = not mask.all()
    numbers = [number for row in rows for number in encoded.window_numbers(int(row))]
    return Batch(
        np.asarray(rows, dtype=np.int64),
        torch.from_numpy(ids),
        torch.from_numpy(mask) if padded else None,
        torch.tensor(owner, dtype=torch.int64),
        _padded(encoded.types, numbers, length),
        _padded(encoded.shapes, numbers, length),
        None if encoded.marks is None else torch.from_numpy(encoded.marks[np.asarray(rows, dtype=np.int64)]),
        _written(encoded, rows),
        _padded(encoded.learnt, numbers, length),
    )


def _written(encoded: EncodedTexts, rows: Sequence[int] | NDArray[np.int64]) -> torch.Tensor | None:
    if encoded.written is None:
        return None
    longest = max(len(encoded.written[int(row)]) for row in rows)
    return _padded(encoded.written, [int(row) for row in rows], longest, filling=-1)


def _padded(
    windows: list[NDArray[np.int32]] | None, numbers: Sequence[int], length: int, *, filling: int = 0
) -> torch.Tensor | None:
    import numpy as np
    import torch

    if windows is None:
        return None
    filled = np.full((len(numbers), length), filling, dtype=np.int64)
    for index, number in enumerate(numbers):
        filled[index, : len(windows[number])] = windows[number]
    return torch.from_numpy(filled)
