"""What was looked at, line by line: what is there, and what to do where something is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from headwinds.phrases.catalogue import ENGLISH

if TYPE_CHECKING:
    import pandas as pd

State = Literal["fine", "note", "missing", "broken"]
MARKS: Mapping[State, str] = {"fine": " ", "note": "·", "missing": "-", "broken": "!"}
SECTIONS = {
    "machine": "This machine",
    "libraries": "Libraries",
    "models": "Models on this machine",
    "use": "What Headwinds will use",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at.

    Attributes
    ----------
    section
        A key of `SECTIONS`.
    name
        What was looked at.
    says
        What was found, in words.
    state
        "fine"; "note", worth knowing; "missing", an optional part is not there; "broken", a needed one is not.
    remedy
        What to do about it; empty where nothing need be done.
    values
        What was found, as plain values (numbers in the units that their names say).
    """

    section: str
    name: str
    says: str
    state: State = "fine"
    remedy: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was looked at."""

    lines: tuple[Line, ...]

    @property
    def healthy(self) -> bool:
        """Whether everything that is needed is there."""
        return not any(line.state == "broken" for line in self.lines)

    @property
    def table(self) -> pd.DataFrame:
        """One row a line: section, name, state, what was found, remedy."""
        import pandas as pd

        columns = ["section", "name", "state", "says", "remedy"]
        return pd.DataFrame(
            [[getattr(line, name) for name in columns] for line in self.lines], columns=columns
        )

    def line(self, section: str, name: str) -> Line:
        """The line of a name.

        Raises
        ------
        KeyError
            There is none.
        """
        for one in self.lines:
            if (one.section, one.name) == (section, name):
                return one
        raise KeyError((section, name))

    def summary(self) -> str:
        """The lines as text, in sections; remedies stand under what they mend."""
        from headwinds.machine.wording import in_words

        return in_words(self, ENGLISH)

    def as_data(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return {"healthy": self.healthy, "lines": [asdict(line) for line in self.lines]}

    def __str__(self) -> str:
        return self.summary()
