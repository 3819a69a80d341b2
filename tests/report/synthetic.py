"""A small report made of invented numbers, with a gap, a pooled cell and an undefined interval in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from headwinds.contracts import (
    Account,
    Codebook,
    Difference,
    Estimate,
    Evaluation,
    Finding,
    Indicator,
    Interval,
    Label,
    LabelEvaluation,
    SystemEvaluation,
)
from headwinds.report.content import (
    CheckFacts,
    CorpusFacts,
    GrowthFacts,
    IndicatorFigure,
    PassageTrace,
    RegressionFacts,
    ReportContent,
    Slowdown,
)

METRICS = ("precision", "recall", "f1", "average_precision", "expected_calibration_error")
NAN = float("nan")


def indicator(labels, keys, cells, method, *, seed=0, shift=0.0, gaps=True):
    rng = np.random.default_rng(seed)
    rows = [(label, cell) for label in labels for cell in cells]
    value = np.array([0.01 + 0.02 * labels.index(label) / len(labels) for label, _ in rows])
    value = value + 0.004 * np.sin(np.arange(len(rows)) / 3) + shift + 0.001 * rng.random(len(rows))
    width = 0.004 + 0.003 * rng.random(len(rows))
    lower, upper = np.maximum(value - width, 0), value + 1.3 * width
    pooled = ["" if place % 4 else "period" for place in range(len(rows))]
    if gaps:
        value[1] = lower[1] = upper[1] = NAN
        lower[2] = upper[2] = NAN
    return Indicator(
        keys=keys,
        cells=tuple(cell for _, cell in rows),
        labels=tuple(label for label, _ in rows),
        value=value,
        sampling_variance=width**2 / 4,
        audit_factor=np.zeros((len(rows), 1)),
        lower=lower,
        upper=upper,
        documents=np.full(len(rows), 120),
        passages=np.full(len(rows), 507),
        gold=np.arange(len(rows)) % 9,
        pooled=tuple(pooled),
        method=method,
        findings=(Finding("W201", "2 cells are too thin for an interval.", "Label more passages of them."),),
    )


def evaluation(labels, seed=1):
    rng = np.random.default_rng(seed)

    def interval(centre, defined=True):
        if not defined:
            return Interval(NAN, NAN, NAN)
        return Interval(centre, max(centre - 0.08, 0), min(centre + 0.07, 1))

    def system(name, level, probabilities=True):
        defined = {m: probabilities or m not in METRICS[3:] for m in METRICS}
        rows = tuple(
            LabelEvaluation(
                label, 53 + place, {m: interval(level + 0.1 * rng.random(), defined[m]) for m in METRICS}
            )
            for place, label in enumerate(labels)
        )
        return SystemEvaluation(name, rows, {m: interval(level + 0.05, defined[m]) for m in METRICS})

    edges = np.linspace(0, 1, 6)
    bins = [(label, edges[k], edges[k + 1]) for label in labels for k in range(5)]
    middle = np.array([(low + high) / 2 for _, low, high in bins])
    reliability = pa.table(
        {
            "label": [label for label, _, _ in bins],
            "lower": [low for _, low, _ in bins],
            "upper": [high for _, _, high in bins],
            "mean_probability": middle,
            "observed_share": np.clip(middle + 0.1 * (rng.random(len(bins)) - 0.5), 0, 1),
            "passages": rng.integers(5, 900, len(bins)),
        }
    )
    errors = pa.table(
        {
            "passage_id": ["AFG_1990_007", "USA_2001_003"],
            "label": [labels[0], labels[-1]],
            "gold": [False, True],
            "probability": [0.97, 0.02],
            "text": [
                "The increasing deterioration of the terms of trade, to the detriment of the developing countries.",
                "Networks carry both our commerce and those who would prey on it.",
            ],
        }
    )
    return Evaluation(
        systems=(system("tuned", 0.6), system("tfidf", 0.4), system("keywords", 0.3, probabilities=False)),
        differences=(
            Difference("tuned", "tfidf", "f1", Interval(0.2, 0.15, 0.26)),
            Difference("tuned", "keywords", "f1", Interval(0.3, 0.24, 0.35)),
        ),
        reliability=reliability,
        errors=errors,
        passages=1725,
        documents=1500,
        folds=5,
    )


def estimate(names, method, seed):
    rng = np.random.default_rng(seed)
    value, error = rng.normal(0, 0.2, len(names)), 0.1 + 0.2 * rng.random(len(names))
    error[-1] = NAN
    return Estimate(
        names=tuple(names),
        value=value,
        standard_error=error,
        covariance=np.diag(error**2),
        method=method,
        estimand="Change of TFP growth next year per percentage point of the index, 64 countries, 1991-2019.",
        variation="Within a country over time, apart from what is common to all countries in a year.",
        absorbed="Country effects take out all that is constant in a country; year effects all that is common to a year.",
        units="percentage points of TFP growth per percentage point of the index",
        observations=1700,
        clusters=64,
        degrees_of_freedom=63,
        findings=(Finding("N301", "The last coefficient has no standard error."),),
    )


def passages(labels, years, count):
    return tuple(
        PassageTrace(
            label,
            (year,),
            pa.table(
                {
                    "passage_id": [f"AFG_{year}_{number:03d}" for number in range(count)],
                    "text": [
                        f"Passage {number} of {year}: technology is a force for development."
                        for number in range(count)
                    ],
                    "probability": [0.9 - 0.1 * number for number in range(count)],
                    "gold": pa.array(
                        [(None, True, False)[number % 3] for number in range(count)], pa.bool_()
                    ),
                    "weight": [1.0 if number else 29.1 for number in range(count)],
                    "country": ["AFG"] * count,
                }
            ),
            507,
        )
        for label in labels
        for year in years
    )


def content(
    labels=("driver", "divide"),
    years=range(1990, 1996),
    groups=("High income", "Other"),
    countries=4,
    **changes,
):
    labels, years = list(labels), list(years)
    by_year = [(year,) for year in years]
    by_group = [(group, year) for group in groups for year in years]
    strata = ("strict", "broad", "none")
    spans = ("1975-1995", "1995-2004", "2004-2019")
    parts = np.array([[0.4, 0.3, 0.9, 0.8], [0.3, 0.3, 0.8, 0.854], [-0.1, 0.2, 0.7, 0.155]])
    account = pd.DataFrame(parts, columns=["hours", "labour_quality", "capital_deepening", "tfp"])
    account.insert(0, "span", spans)
    account["output"] = parts.sum(axis=1)
    codes = [f"C{number:02d}" for number in range(countries)]
    before = np.linspace(2.4, -0.6, countries)
    slowdown = pd.DataFrame({"entity": codes, "before": before, "after": 0.6 - 0.3 * before})
    slowdown["change"] = slowdown["after"] - slowdown["before"]
    fields = {
        "title": "What governments said of technology",
        "question": "Which headwinds blow against technology, where, since when, and at what cost in growth?",
        "codebook": Codebook(
            tuple(Label(name, f"the passage says that {name} matters", "only a word") for name in labels)
        ),
        "corpus": CorpusFacts(
            source="United Nations General Debate Corpus (Jankin, Baturo and Dasandi).",
            licence="CC0.",
            sampling="Stratified by a keyword screen; the weights say how many passages each stands for.",
            passages=16748,
            documents=6000,
            population=184845.0,
            first_year=years[0],
            last_year=years[-1],
            strata=pd.DataFrame(
                {
                    "stratum": strata,
                    "passages": [6603, 2945, 7200],
                    "population": [6603.0, 2945.0, 175297.0],
                    "gold": [900, 270, 555],
                }
            ),
        ),
        "check": CheckFacts(
            gold_provenance="Read by a large language model with the codebook: a careful machine reading.",
            label_counts=pd.DataFrame(
                [(label, stratum, 300, 20) for label in labels for stratum in strata],
                columns=["label", "stratum", "gold", "positives"],
            ),
            token_lengths=pa.table(
                {"lower": [0, 32, 64, 96], "upper": [32, 64, 96, 128], "passages": [900, 5200, 8000, 2648]}
            ),
            tokens_lost=0.0,
            maximum_length=256,
            findings=(Finding("W101", "3 near-duplicates stand in one fold.", "Nothing need be done."),),
        ),
        "evaluation": evaluation(labels),
        "indicators": (
            IndicatorFigure(
                "index-by-year",
                "share of passages by year",
                indicator(labels, ("year",), by_year, "difference"),
                indicator(labels, ("year",), by_year, "classify-and-count", seed=3, shift=0.012, gaps=False),
                indicator(labels, ("year",), by_year, "gold-only", seed=4),
            ),
            IndicatorFigure(
                "index-by-group",
                "share of passages by country group and year",
                indicator(labels, ("group", "year"), by_group, "difference", seed=5),
                indicator(
                    labels, ("group", "year"), by_group, "classify-and-count", seed=6, shift=0.012, gaps=False
                ),
            ),
        ),
        "limits": ("Speeches say what governments wish to say.",),
        "provenance": {"inputs": {"sample.parquet": "ab" * 32}, "seed": 7, "versions": {"torch": "2.13"}},
        "width_by_stratum": pd.DataFrame(
            [
                (label, stratum, share)
                for label in labels
                for stratum, share in zip(strata, (0.1, 0.05, 0.85), strict=True)
            ],
            columns=["label", "stratum", "variance_share"],
        ),
        "label_gain": pd.DataFrame(
            [
                (label, "none", more, 0.012, 0.012 / np.sqrt(1 + more / 555))
                for label in labels
                for more in (500, 1000, 2000)
            ],
            columns=["label", "stratum", "additional_labels", "half_width_now", "half_width_then"],
        ),
        "growth": GrowthFacts(
            rebuild="TFP growth is rebuilt within 1e-6 for 3,067 country-years of 64 countries.",
            accounts=Account(
                table=account,
                total="output",
                parts=("hours", "labour_quality", "capital_deepening", "tfp"),
                units="% per year",
                estimand="Growth of output, mean over 38 OECD countries",
                unavailable=pd.DataFrame(
                    {"entity": ["XYZ"], "period": [1990], "reason": ["no hours published"]}
                ),
            ),
            bar_columns=("span",),
            slowdown=Slowdown("1995-2004", "2004-2019", 38, 0.854, 0.155, -0.7, 0.169, slowdown),
        ),
        "regression": RegressionFacts(
            naive=estimate(labels, "naive", 8),
            corrected=estimate(labels, "errors-in-variables", 9),
            detectable=pd.DataFrame(
                {"name": labels, "minimum_detectable_effect": [0.5] * (len(labels) - 1) + [NAN]}
            ),
            sentences=("Two-way effects absorb the world's turn to technology.",),
        ),
        "passages": passages(labels, years, 3),
    }
    return ReportContent(**{**fields, **changes})
