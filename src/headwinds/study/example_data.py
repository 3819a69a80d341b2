"""The made-up documents that `headwinds init` lays beside its study file, so that it can be run before it is changed."""

from __future__ import annotations

import csv
import io
import json
import random

OPENINGS = (
    "My delegation congratulates you on your election",
    "We come from a small island in a wide ocean",
    "Our parliament has debated the budget all summer",
    "Ten years ago our two neighbours signed a treaty of peace",
    "The harvest failed in three of our provinces",
    "Allow me to thank the Secretary-General for his report",
    "The people whom I represent are young and hopeful",
    "This hall has heard many promises since its foundation",
)
SUBJECTS = {
    "growth": (
        "new machines have doubled what our workshops produce in a day",
        "computers made our ports faster and raised the wages of their workers",
        "investment in science is what lifts the income of a nation",
        "better seeds and better tools let one farmer feed forty families",
        "our engineers export software, and national output has grown with it",
        "innovation in medicine has added years of healthy work to every life",
    ),
    "divide": (
        "most of our villages still have no line to the internet",
        "the price of a connection is a month's wage for a teacher",
        "poor countries are left behind while rich ones share their inventions among themselves",
        "girls in the countryside have never touched a keyboard",
        "without electricity no school can use the computers it was given",
        "patents keep the tools of the future out of the reach of the South",
    ),
    "": (
        "the borders of our region must be respected by all",
        "fishing rights deserve a fair settlement under the law of the sea",
        "refugees need shelter before the winter comes",
        "the Council should have more members from Africa",
        "disarmament remains the first duty of the great powers",
        "our forests and rivers are a heritage of all mankind",
    ),
}
CLOSINGS = (
    "and we ask the Assembly to act before the next session",
    "as our President said here last autumn",
    "which no government can ignore for long",
    "and history will judge us by what we do now",
    "as every mother in my country knows",
    "and we stand ready to do our part",
    "for which we thank our partners",
    "and there is no time to lose",
)
CODEBOOK = """# Codebook

A passage can have several labels, or none.

| label | give it when | not when |
| --- | --- | --- |
| growth | the passage says that technology raises output, productivity or incomes | it only names a technology |
| divide | the passage says that access to technology is unequal between people or countries | inequality of another kind |
"""
PASSAGES, LABELLED, YEARS = 180, 120, (2018, 2019, 2020)


def example_files() -> dict[str, str]:
    """Name and content of each file: 180 made-up passages of 90 speeches, of which 120 drawn at random are labelled."""
    generator = random.Random(2)
    subjects = [label for label in SUBJECTS for _ in range(PASSAGES // len(SUBJECTS))]
    generator.shuffle(subjects)
    rows = [
        (
            f"p{number:03}",
            f"speech-{number // 2:02}",
            YEARS[number // 2 % len(YEARS)],
            _passage(generator, label),
        )
        for number, label in enumerate(subjects)
    ]
    drawn = sorted(generator.sample(range(PASSAGES), LABELLED))
    gold = [
        {
            "passage_id": rows[number][0],
            "labels": [subjects[number]] if subjects[number] else [],
            "inclusion_probability": round(LABELLED / PASSAGES, 6),
        }
        for number in drawn
    ]
    documents = io.StringIO()
    csv.writer(documents, lineterminator="\n").writerows(
        [("passage_id", "document_id", "year", "text"), *rows]
    )
    return {
        "documents.csv": documents.getvalue(),
        "codebook.md": CODEBOOK,
        "gold.jsonl": "".join(json.dumps(row) + "\n" for row in gold),
    }


def _passage(generator: random.Random, label: str) -> str:
    """Two opening remarks, two sentences on the subject, in an order of their own."""
    first, second = generator.sample(OPENINGS, 2)
    one, two = generator.sample(SUBJECTS[label], 2)
    end, close = generator.sample(CLOSINGS, 2)
    return f"{first}. {second}. I must say that {one}, {end}. And {two}, {close}."
