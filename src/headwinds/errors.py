"""Every error that Headwinds raises for something its user can mend.

    HeadwindsError
    ├── SettingsError        a study file, a flag or an argument says something we cannot do
    ├── DataError            a file of documents, labels or figures is not what it should be
    │   ├── EncodingError    its bytes are not in the encoding that was said
    │   └── MismatchError    two files that must agree do not (gold and corpus, index and panel)
    ├── CheckpointError      a model folder is missing, damaged, or of a kind we do not load
    ├── ArtifactError        something that Headwinds wrote is damaged or half there
    ├── StorageError         the disk is full, read-only, or otherwise refuses
    ├── BusyError            another run holds the same study
    ├── ComputeError         a cluster cannot be reached or used, or workers are lost again and again
    ├── TrainingError        the optimisation went wrong (a loss that is not finite)
    ├── EstimationError      the numbers do not identify what was asked
    └── Interrupted          stopped by a signal; what was done is kept

A `HeadwindsError` is one clear line: what is wrong, where, what was expected, how to mend it. The command line prints
it and exits with `exit_code`; it never shows a traceback for one. Programming errors stay Python's own.
"""

from __future__ import annotations

__all__ = [
    "ArtifactError",
    "BusyError",
    "CheckpointError",
    "ComputeError",
    "DataError",
    "EncodingError",
    "EstimationError",
    "HeadwindsError",
    "Interrupted",
    "MismatchError",
    "SettingsError",
    "StorageError",
    "TrainingError",
    "quoted",
]


class HeadwindsError(Exception):
    """Something is wrong that the user can mend.

    Parameters
    ----------
    message
        One sentence: what is wrong, where (file, row, column, key) and what was expected.
    remedy
        How to mend it, as an imperative sentence; printed after the message.
    """

    exit_code = 2
    language = ""  # in which it is to be told, where a study says so

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        line = " ".join(self.message.split())
        return f"{line} {' '.join(self.remedy.split())}".strip()


class SettingsError(HeadwindsError):
    """A study file, a command-line flag or an argument says something that cannot be done."""


class DataError(HeadwindsError):
    """A file of documents, labels or figures is not what it should be."""


class EncodingError(DataError):
    """The bytes of a file are not in the encoding that was said."""


class MismatchError(DataError):
    """Two inputs that must agree do not: gold and corpus, index and panel, labels and codebook."""


class CheckpointError(HeadwindsError):
    """A model folder is missing, damaged, or of a kind that is never loaded (pickle, remote code)."""


class ArtifactError(HeadwindsError):
    """Something that Headwinds itself wrote is damaged, half there, or was changed by hand."""


class StorageError(HeadwindsError):
    """The disk is full or read-only; nothing half-written is taken for done."""


class BusyError(HeadwindsError):
    """Another process holds the same study."""


class ComputeError(HeadwindsError):
    """A cluster cannot be reached or used, its workers are not like this machine, or workers are lost again and again."""


class TrainingError(HeadwindsError):
    """The optimisation went wrong, for instance a loss that is not finite; the last good state is kept."""


class EstimationError(HeadwindsError):
    """The numbers given do not identify what was asked: a singular design, one cluster, no overlap."""


class Interrupted(HeadwindsError):
    """Stopped by a signal. What was done is kept; the same command goes on from there."""

    exit_code = 130


LONGEST_QUOTE = 40


def quoted(value: object) -> str:
    """A cell of a user's file in an error: recognised by its beginning, and no more of it is told than is needed for that.

    Errors are copied into mails and logs, and cells hold what people wrote and who they are.

    Examples
    --------
    >>> quoted("no number")
    "'no number'"
    >>> quoted("Dear Ms Example, thank you for your letter of May")
    "'Dear Ms Example, thank you for your ...'"
    """
    text = value if isinstance(value, str) else repr(value)
    short = text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 3]}..."
    return repr(short) if isinstance(value, str) else short
