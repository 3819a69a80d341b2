"""Rebuild the passages of this study from the reports, and check the labels' design against them.

    python studies/china-reports/cut_reports.py reports.jsonl.xz

`reports.jsonl.xz` has one report a line: `year` and `text` (README.md says where they come from). What the script does:

- `passages.parquet` is written from it: reports cut into chapters, chapters into passages, passages screened.
- `gold.jsonl` is checked: each id is a passage, with its stratum and period, and each inclusion probability is the
  number labelled in its stratum and period over the number of passages there. Labels come from reading.

It needs pandas and pyarrow, which Headwinds brings along.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).resolve().parent
CELL = ["stratum", "period"]
PERIODS = ((1978, "1954-1978"), (1995, "1979-1995"), (2014, "1997-2014"))
SPANS = (
    (1957, "1954-1957"), (1964, "1958-1964"), (1980, "1975-1980"), (1985, "1981-1985"), (1988, "1986-1988"),
    (1995, "1992-1995"), (2000, "1997-2000"), (2005, "2001-2005"), (2010, "2006-2010"), (2014, "2011-2014"),
)  # fmt: skip
LONGEST = 160
"""Characters: sentences are joined into a passage up to here."""
LONGEST_SENTENCE = 240
"""Characters: a longer sentence is cut at its semicolons, too."""
SHORTEST = 20
"""Characters: a shorter piece ("一", a heading) belongs to what follows."""
WITHOUT_HEADINGS = 25
"""Passages of a chapter where a report shows none."""

# What Wikisource puts under a text; the reports themselves end before it.
FOOT = re.compile("本作品是中华人民共和国|字库未存字注释")
HEADING = re.compile(r"\n{4,}(?=[^\n]{1,40}\n{2})")
# A sentence ends with 。！ or ？ and what closes after it; long ones may be cut after ； as well.
SENTENCE = re.compile(r"[^。！？]*[。！？]+[」』”’）》]*|[^。！？]+$")
CLAUSE = re.compile(r"[^；]*；|[^；]+$")

# Both forms of every character that was simplified: the report of 1954 is in traditional characters, parts of 1957 are.
TECHNOLOGY = (
    "科技|科学技[术術]|科學技[术術]|技[术術]|科研|科学(?!发展观|發展觀|社会主义|社會主義)|科學|信息化|信息(?:技术|产业|网|通|资源|安全)"
    "|互联网|网络|电子|電子|计算机|計算機|自动化|自動化|数字|数码|通信|通讯|电信|软件|创新|發明|发明|专利|知识产权|高新|生物(?!多样)"
    "|基因|航天|卫星|宽带|大数据|云计算|物联网|人工智能|机械化|機械化|新产品|原子能|核电|现代工业"
)
SCREEN = re.compile(TECHNOLOGY)


def clean(text: str) -> str:
    """The report alone: no foot, no marks of width zero, no spaces (Chinese has none; some digits are spaced out)."""
    text = FOOT.split(text)[0].replace("\u200b", "").replace("\t", "")
    return re.sub("[ \u3000]+", "", text)


def sentences(text: str) -> list[str]:
    """Cut after 。！？; a sentence that is very long also after its semicolons."""
    found: list[str] = []
    for match in SENTENCE.finditer(text):
        sentence = match.group()
        found += CLAUSE.findall(sentence) if len(sentence) > LONGEST_SENTENCE else [sentence]
    return [piece for piece in found if piece]


def passages(text: str) -> list[str]:
    """Join consecutive sentences while they fit; line breaks within are those of links, and mean nothing."""
    found: list[str] = []
    for sentence in sentences(text.replace("\n", "")):
        if found and (len(found[-1]) + len(sentence) <= LONGEST or len(found[-1]) < SHORTEST):
            found[-1] += sentence
        else:
            found.append(sentence)
    return found


def chapters(text: str) -> list[list[str]]:
    """The passages of each chapter: what stands from one heading to the next."""
    parts = HEADING.split(clean(text))
    for place in range(len(parts) - 1):
        if len(parts[place].strip()) < SHORTEST:
            parts[place], parts[place + 1] = "", parts[place] + parts[place + 1]
    cut = [part for part in map(passages, parts) if part]
    if len(cut) > 1:
        return cut
    return [cut[0][start : start + WITHOUT_HEADINGS] for start in range(0, len(cut[0]), WITHOUT_HEADINGS)]


def corpus(reports: list[dict[str, object]]) -> pd.DataFrame:
    """One passage a row, in the order of the reports."""
    import pandas as pd

    rows = []
    for report in sorted((one for one in reports if one["year"]), key=lambda one: int(str(one["year"]))):
        year, position = int(str(report["year"])), 0
        for number, chapter in enumerate(chapters(str(report["text"])), start=1):
            for text in chapter:
                rows.append(
                    {
                        "passage_id": f"{year}_{position:03d}",
                        "document_id": f"{year}-{number:02d}",
                        "year": year,
                        "span": next(name for last, name in SPANS if year <= last),
                        "period": next(name for last, name in PERIODS if year <= last),
                        "stratum": "筛出" if SCREEN.search(text) else "其余",
                        "text": text,
                    }
                )
                position += 1
    return pd.DataFrame(rows)


def gold_complaints(gold: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """Say what in the labelled passages does not follow from the design; an empty list if all of it does."""
    complaints = []
    both = gold.merge(found[["passage_id", *CELL]], on="passage_id", how="left", suffixes=("", "_corpus"))
    if both["stratum_corpus"].isna().any():
        complaints.append(f"gold.jsonl: {both['stratum_corpus'].isna().sum()} ids are not in the corpus")
    if not all((both[name] == both[f"{name}_corpus"]).all() for name in CELL):
        complaints.append("gold.jsonl: stratum or period differs from the corpus")
    chance = gold.groupby(CELL).size() / found.groupby(CELL).size()
    expected = gold.join(chance.rename("expected"), on=CELL)["expected"]
    furthest = float((gold["inclusion_probability"] - expected).abs().max())
    if not furthest <= 1e-9:
        complaints.append(f"gold.jsonl: an inclusion probability is off by {furthest:.3g}")
    return complaints


def main(source: Path, folder: Path = HERE) -> int:
    """Rebuild and check; return the process's exit code: 0 if all agrees, 1 if the labels break their design."""
    import pandas as pd

    with lzma.open(source, "rt", encoding="utf-8") as lines:
        found = corpus([json.loads(line) for line in lines])
    gold_file = folder / "gold.jsonl"
    if gold_file.is_file():
        with gold_file.open(encoding="utf-8") as lines:
            gold = pd.DataFrame([json.loads(line) for line in lines])
        complaints = gold_complaints(gold, found)
        if complaints:
            print(*complaints, sep="\n", file=sys.stderr)
            return 1
        print(f"gold.jsonl: {len(gold)} rows agree with the passages and the design")
    draft = folder / ".passages.parquet.draft"
    found.to_parquet(draft, index=False, compression="zstd")
    draft.replace(folder / "passages.parquet")
    print(f"passages.parquet: {len(found)} passages of {found['document_id'].nunique()} chapters")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", type=Path, help="the reports, one a line")
    sys.exit(main(parser.parse_args().reports))
