"""Results that tell and draw themselves, on disk: what a study found beside its accounts and its regression.

A chapter is a folder with `chapter.json` (title, sentences), `table.parquet`, `figure.svg` and `figure.png`. The report
shows what it finds here, in the order of the names, and computes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.write import write_bytes, write_json
from headwinds.errors import HeadwindsError
from headwinds.phrases.catalogue import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from headwinds.contracts.result import Result


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter read back; the fields are those of `headwinds.report.content.ResultChapter`."""

    name: str
    title: str
    sentences: tuple[str, ...]
    table: pd.DataFrame
    svg: bytes
    png: bytes


def write_chapter(
    folder: Path, name: str, title: str, make: Callable[[], Result], *, language: str = ENGLISH
) -> str:
    """Compute a result and keep it under ``folder/name``; where the data do not allow it, the reason is given back.

    A study has many questions, and one that its data cannot answer must not take the others with it. The picture is drawn
    in the study's language; sentences are kept in English, and whoever shows them translates them.
    """
    from headwinds.drawing.wording import drawn

    try:
        result = make()
    except HeadwindsError as error:
        return f"{title}: not available. {error}"
    svg, png = drawn(result.plot, language)
    place = folder / name
    place.mkdir(parents=True)
    table = result.table.copy()
    table.columns = [str(column) for column in table.columns]
    table.to_parquet(place / "table.parquet", index=False)
    write_bytes(place / "figure.svg", svg)
    write_bytes(place / "figure.png", png)
    write_json(place / "chapter.json", {"title": title, "sentences": result.summary().splitlines()})
    return ""


def read_chapters(folder: Path) -> tuple[Chapter, ...]:
    """The chapters of a folder, in the order of their names; none where there is no folder."""
    import pandas as pd

    found = []
    for place in sorted(path for path in folder.glob("*") if path.is_dir()):
        about = json.loads((place / "chapter.json").read_text(encoding="utf-8"))
        found.append(
            Chapter(
                name=place.name,
                title=about["title"],
                sentences=tuple(about["sentences"]),
                table=pd.read_parquet(place / "table.parquet"),
                svg=(place / "figure.svg").read_bytes(),
                png=(place / "figure.png").read_bytes(),
            )
        )
    return tuple(found)
