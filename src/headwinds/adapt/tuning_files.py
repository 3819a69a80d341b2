"""Which files a model is tuned, validated and tested on, and how rows are held out of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headwinds.errors import SettingsError


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """Files to tune on.

    Attributes
    ----------
    train, validation, test
        CSV, TSV, JSONL or Parquet, with the columns of the task. Without `validation` a share of the training examples is
        set aside; without `test` nothing is tested on, unless there is a `test_share`.
    group
        A column whose values stay together: examples of one group are never on two sides of a split, and the intervals
        draw groups; "" takes every example for itself.
    slices
        Columns by whose values the main metric of the test is told apart.
    codebook
        What the labels mean, for a method that learns from no label.
    test_share
        Without `test`: about this share of the training file is held out for the test, whole groups where `group` names a
        column; 0 holds nothing out.
    split_by
        A column of numbers or dates: the latest rows are the test, and the latest of the others validate. Else it is drawn.
    test_seed
        Rules what is drawn for the test, apart from the settings' seed, so that tunings with other seeds have the same test.

    Raises
    ------
    SettingsError
        The share is no share, or what is named does not go together.
    """

    train: Path
    validation: Path | None = None
    test: Path | None = None
    group: str = ""
    slices: tuple[str, ...] = ()
    codebook: Path | None = None
    encoding: str = "utf-8"
    test_share: float = 0.0
    split_by: str = ""
    test_seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.test_share < 1:
            raise SettingsError(
                f"test_share = {self.test_share!r} cannot be used: expected a share of at least 0 and below 1.",
                remedy="Try 0.2.",
            )
        if self.split_by and not self.test_share:
            raise SettingsError(
                f"split_by = {self.split_by!r} says by what a test is split off, and test_share does not say how much.",
                remedy="Try test_share = 0.2.",
            )
        if self.test_share and self.test is not None:
            raise SettingsError(
                "There are a test file and a test_share, which holds a test out of the training file.",
                remedy="Leave out one of them.",
            )
        if self.test_share and self.validation is not None and (self.split_by or self.group):
            raise SettingsError(
                "With a test_share and split_by or group, the validation examples are of the training file too, so that "
                "they are earlier than the test and of other groups.",
                remedy="Leave out the validation file.",
            )

    @property
    def tests(self) -> bool:
        """Whether there will be a test."""
        return self.test is not None or self.test_share > 0

    def named(self) -> dict[str, Path]:
        """The files that there are, by the part that they play."""
        files = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: path for name, path in files.items() if path is not None}
