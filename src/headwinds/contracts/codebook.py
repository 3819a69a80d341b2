"""The labels of a study and what each of them means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """One label: its short name, when to give it, when not, and words that stand for it in a gap (method "cloze")."""

    name: str
    definition: str
    excludes: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Codebook:
    """The labels of a study, in their order. The order is the order of columns everywhere downstream."""

    labels: tuple[Label, ...]
    rules: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names, in order."""
        return tuple(label.name for label in self.labels)

    def __len__(self) -> int:
        return len(self.labels)
