"""The words of the page. All of them stand in one catalogue a language: `templates/messages.<language>.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from headwinds.errors import SettingsError

_NAME = re.compile(r"messages\.([a-z]{2,3}(?:-[a-z0-9]+)*)\.toml", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Messages:
    """A catalogue: call it with a key, and the values that the sentence has gaps for."""

    language: str
    entries: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of a key with its gaps filled."""
        return self.entries[key].format(**values) if values else self.entries[key]

    def column(self, name: str) -> str:
        """A column's heading: from the catalogue, else the column's own name."""
        return self.entries.get(f"column_{name}", name.replace("_", " "))

    def key(self, name: str) -> str:
        """What an index goes by, inside a sentence: from the catalogue, else the key's own name."""
        return self.entries.get(f"key_{name}", name)

    def chapter(self, name: str, title: str) -> str:
        """A chapter's title: from the catalogue by the chapter's name, else as the study wrote it."""
        return self.entries.get(f"chapter_{name}", title)

    def caption(self, name: str) -> str:
        """What is seen in the picture of a chapter: from the catalogue by the chapter's name, else nothing."""
        return self.entries.get(f"caption_{name}", "")

    def metric(self, name: str) -> str:
        """A metric's name: from the catalogue, else as it stands."""
        return self.entries.get(f"metric_{name}", name.replace("_", " "))


def languages() -> tuple[str, ...]:
    """The languages that have a catalogue."""
    found = (
        _NAME.fullmatch(item.name)
        for item in resources.files("headwinds.report").joinpath("templates").iterdir()
    )
    return tuple(sorted(match.group(1) for match in found if match))


def load_messages(language: str = "en", kind: str = "multi-label", grades: int = 0) -> Messages:
    """Read a catalogue, with the words for labels, for classes or for grades from 0 to `grades`.

    A sentence of which classes or grades need another form has it under its key with ``__multi_class`` or ``__graded``.

    Raises
    ------
    SettingsError
        If there is none for the language.
    """
    if language not in languages():
        raise SettingsError(
            f"The report knows no language {language!r}; it knows {', '.join(languages())}.",
            remedy="Set one of them as language under [study].",
        )
    path = resources.files("headwinds.report").joinpath("templates", f"messages.{language}.toml")
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    ending = f"__{kind.replace('-', '_')}"
    own = {
        key.removesuffix(ending): text.replace("{grades}", str(grades))
        for key, text in entries.items()
        if key.endswith(ending)
    }
    return Messages(language, {**entries, **own})
