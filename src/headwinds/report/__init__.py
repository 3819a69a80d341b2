"""Tables, figures and the HTML page: renders results, computes nothing.

content          what a report is made from: the types that the study fills
page             `write_report`: the page, its figures and tables, as files
summary_text     the report in a few lines, for the terminal
cells, tables    every table once, as plain rows; page, figures, files and JSON read from these
answer           the three sentences at the top, from numbers that exist
sections, views  how tables lie on the page
figures/         one file a kind of figure; `gallery` says which a report has
files, results   CSV, Parquet and JSON
formats, messages, anchors    digits, words, names of places
"""

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
from headwinds.report.page import render_report, write_report
from headwinds.report.summary_text import summary_lines

__all__ = [
    "CheckFacts",
    "CorpusFacts",
    "GrowthFacts",
    "IndicatorFigure",
    "PassageTrace",
    "RegressionFacts",
    "ReportContent",
    "Slowdown",
    "render_report",
    "summary_lines",
    "write_report",
]
