"""F3: how many names of people `headwinds mask --names-model` masks in texts that are unlike those its model was tuned on.

    python -m benchmarks.masking.run DATA MODEL

DATA is a folder with `presidio_pii/generated_large.json` and `conll2003_ner`; MODEL a fitted model of named entities, here
one that `python -m benchmarks.tasks.run DATA --sets conll2003 --seeds 2` tunes. What is masked is found by the calls of the
command itself. A name counts as masked if each of its letters and figures is.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.machine import write_table
from benchmarks.tasks.data import conll
from scipy.stats import binomtest

from headwinds.adapt.audit.names_of_people import NAMES_PROBABILITY, find_names
from headwinds.adapt.audit.personal_data import PersonalData, find_personal_data, joined
from headwinds.adapt.fitted_model import load_model

REGIONS = ("US", "GB")
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Text:
    """A text, the names in it, everything personal in it with its kind, and what it was made from."""

    text: str
    names: tuple[tuple[int, int], ...]
    personal: tuple[tuple[str, int, int], ...]
    source: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name, and how much of it is masked: "whole", "part" or "none"."""

    text: str
    name: str
    masked: str
    source: str


def presidio(folder: Path) -> list[Text]:
    """Texts that the authors of Presidio filled names into, with a template's number each."""
    rows = json.loads((folder / "presidio_pii" / "generated_large.json").read_text(encoding="utf-8"))
    found = []
    for row in rows:
        spans = tuple(
            (span["entity_type"], span["start_position"], span["end_position"]) for span in row["spans"]
        )
        names = tuple((start, end) for kind, start, end in spans if kind == "PERSON")
        found.append(Text(row["full_text"], names, spans, str(row["template_id"])))
    return found


def newspaper(folder: Path) -> list[Text]:
    """The test part of CoNLL-2003: the newspaper that the model was tuned on, some months later; a text is an article."""
    found = []
    for row in conll(folder)["test"]:
        spans: list[list[object]] = []
        place = 0
        for word, tag in zip(row["tokens"], row["tags"], strict=True):
            if tag.startswith("B-"):
                spans.append([tag[2:], place, place + len(word)])
            elif tag.startswith("I-"):
                spans[-1][2] = place + len(word)
            place += len(word) + 1
        kept = tuple((str(kind), int(str(start)), int(str(end))) for kind, start, end in spans)
        names = tuple((start, end) for kind, start, end in kept if kind == "PER")
        found.append(Text(" ".join(row["tokens"]), names, kept, row["document"]))
    return found


def judged(text: Text, found: Sequence[PersonalData]) -> list[Name]:
    """How much of each name is masked."""
    masked = {place for one in found for place in range(one.start, one.end)}
    names = []
    for start, end in text.names:
        letters = [place for place in range(start, end) if text.text[place].isalnum()]
        hidden = sum(place in masked for place in letters)
        how = "whole" if hidden == len(letters) else "part" if hidden else "none"
        names.append(Name(text.text, text.text[start:end], how, text.source))
    return names


def share(hits: int, of: int) -> str:
    """A share with its exact interval (Clopper, Pearson 1934)."""
    if not of:
        return "-"
    low, high = binomtest(hits, of).proportion_ci(0.95, method="exact")
    return f"{hits / of:.1%} [{low:.1%}, {high:.1%}]"


def by_source(names: Sequence[Name], seed: int = 0) -> str:
    """The interval of the share masked whole when whole templates are drawn: names of one stand in the same words.

    Where all are masked, or none is, drawing them again says nothing.
    """
    if len({one.masked == "whole" for one in names}) == 1:
        return "not available"
    sources = sorted({one.source for one in names})
    number = {source: place for place, source in enumerate(sources)}
    hits, counts = np.zeros(len(sources)), np.zeros(len(sources))
    for one in names:
        hits[number[one.source]] += one.masked == "whole"
        counts[number[one.source]] += 1
    drawn = np.random.default_rng(seed).integers(len(sources), size=(DRAWS, len(sources)))
    low, high = np.quantile(hits[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return f"[{low:.1%}, {high:.1%}] of {len(sources)}"


def is_title(name: str) -> bool:
    """Presidio's texts mark a form of address as a person too; it tells nobody's name."""
    return name.casefold().rstrip(".") in {"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam"}


def has_capitals(text: str) -> bool:
    """Whether capitals can tell a name."""
    return text not in (text.lower(), text.upper())


KINDS: dict[str, Callable[[Name], bool]] = {
    "all": lambda one: True,
    "a form of address alone (Mr., Dr.)": lambda one: is_title(one.name),
    "others, in a text with capitals": lambda one: not is_title(one.name) and has_capitals(one.text),
    "... of two words or more": lambda one: has_capitals(one.text) and len(one.name.split()) > 1,
    "... of one word": lambda one: (
        has_capitals(one.text) and not is_title(one.name) and len(one.name.split()) == 1
    ),
    "others, in a text without capitals": lambda one: not is_title(one.name) and one.text == one.text.lower(),
}


def wrongly(texts: Sequence[Text], found: Sequence[Sequence[PersonalData]]) -> str:
    """What is masked as a name and touches none; how much of the text that is."""
    marked = wrong = other = outside = characters = 0
    kinds: Counter[str] = Counter()
    for text, spans in zip(texts, found, strict=True):
        personal = {place for _, start, end in text.personal for place in range(start, end)}
        characters += len(text.text) - len(personal)
        for one in spans:
            if one.kind != "name":
                continue
            marked += 1
            if any(one.start < end and start < one.end for start, end in text.names):
                continue
            wrong += 1
            touched = [kind for kind, start, end in text.personal if one.start < end and start < one.end]
            other += bool(touched)
            kinds.update(touched[:1])
            outside += sum(place not in personal for place in range(one.start, one.end))
    most = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(3))
    return (
        f"{share(marked - wrong, marked)} of {marked:,} stretches masked as names touch one; of the {wrong:,} others "
        f"{other:,} are of another kind that was marked ({most}); they take {outside / characters:.2%} of the characters "
        "that belong to nothing personal"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    rows, said = [], []
    for title, texts in (
        ("Presidio's synthetic texts", presidio(arguments.data)),
        ("CoNLL-2003, test", newspaper(arguments.data)),
    ):
        people = find_names(model, [one.text for one in texts])
        found = [
            joined(find_personal_data(text.text, regions=REGIONS), own)
            for text, own in zip(texts, people, strict=True)
        ]
        names = [name for text, spans in zip(texts, found, strict=True) for name in judged(text, spans)]
        for kind, belongs in KINDS.items():
            chosen = [one for one in names if belongs(one)]
            if not chosen:
                continue
            counts = Counter(one.masked for one in chosen)
            rows.append(
                [
                    title,
                    kind,
                    f"{len(chosen):,}",
                    share(counts["whole"], len(chosen)),
                    by_source(chosen),
                    f"{counts['part']:,}",
                    f"{counts['none']:,}",
                ]
            )
        said.append(f"{title} ({len(texts):,} texts): {wrongly(texts, found)}.")
        missed = Counter(one.name for one in names if one.masked == "none")
        print(said[-1], missed.most_common(40), flush=True)
    facts = model.facts
    write_table(
        Path(__file__).parent / "results.md",
        "Names that masking finds",
        f"A model of named entities (`{facts.checkpoint}`, {facts.training_examples} articles of CoNLL-2003) as "
        f"`--names-model`, on texts that it was not tuned on; `--names-probability` is {NAMES_PROBABILITY:g}, the default. "
        "Whole: every letter of the name is masked; part: some are, and the rest can be read. The first intervals are "
        "exact (Clopper, Pearson), as if names were independent; the second draw whole templates or articles.\n\n"
        + "\n\n".join(said),
        [
            "texts",
            "names",
            "count",
            "masked whole, 95 %",
            "by templates or articles",
            "in part",
            "not at all",
        ],
        rows,
        "python -m benchmarks.masking.run DATA MODEL",
    )


if __name__ == "__main__":
    main()
