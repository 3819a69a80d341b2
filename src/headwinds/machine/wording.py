"""A diagnosis as text in a language, in sections; names stand in one column, whatever their script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.machine.diagnosis import MARKS, SECTIONS
from headwinds.phrases.catalogue import MACHINE, translate, translate_list
from headwinds.phrases.columns import columns, padded

if TYPE_CHECKING:
    from headwinds.machine.diagnosis import Diagnosis


def in_words(found: Diagnosis, language: str) -> str:
    """The lines in sections; remedies stand under what they mend."""
    names = {line.name: translate(line.name, language, MACHINE) for line in found.lines}
    width = max(map(columns, names.values()))
    parts: list[str] = []
    for section, heading in SECTIONS.items():
        parts.append(translate(heading, language, MACHINE))
        for line in (one for one in found.lines if one.section == section):
            says = translate_list(line.says, language, MACHINE)
            parts.append(f"{MARKS[line.state]} {padded(names[line.name], width)}  {says}")
            if line.remedy:
                remedy = translate(line.remedy, language, MACHINE)
                parts.append(f"  {'':<{width}}  -> {remedy}")
    broken = [line.name for line in found.lines if line.state == "broken"]
    last = f"Broken, and needed: {', '.join(broken)}." if broken else "Everything that is needed is there."
    return "\n".join([*parts, translate(last, language, MACHINE)])
