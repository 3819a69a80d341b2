"""Put the Chinese of every phrase into the file of the part that says it, in alphabetical order: branches then seldom meet.

    python scripts/sort_phrases.py                             # the books as they are
    python scripts/sort_phrases.py OTHER.toml                  # and phrases of another file that the errors lack
    python scripts/sort_phrases.py --book findings OTHER.toml  # or that the catalogue lacks

A phrase that several wings say, or one that is little but gaps, stands in `everywhere.toml`. Phrases that stand in `zh.toml`
go into the catalogue's files; the marks between parts of a list stay in it.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from headwinds.phrases.catalogue import ERRORS, FINDINGS, in_order_of_trial

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "headwinds"
PHRASES = PACKAGE / "phrases"
MARKS = PHRASES / "zh.toml"
EVERYWHERE = "everywhere"
SHORTEST = 12
"""Fixed letters below which a phrase may match what is no error."""
PHRASE = "\n[[phrase]]\n"
_GAP_OR_SIGN = re.compile(r"\{\w+\}|[^A-Za-z]")
HEADERS = {
    ERRORS: """\
# 出错时的话和对策。english 与程序写出的英文逐字相同，{花括号}里是空位；translation 里保留同样的空位，{{}} 是花括号本身。
# 按英文的字母次序排列；scripts/sort_phrases.py 会排好。
""",
    FINDINGS: """\
# 发现及其对策、结果和图里的话。english 与程序写出的英文逐字相同，{花括号}里是空位；translation 里保留同样的空位。
# 名字以 _v 结尾的空位原样保留，_n 是数字，_e 是错误信息。按英文的字母次序排列；scripts/sort_phrases.py 会排好。
""",
}


def main(given: list[str]) -> None:
    """Read all phrases of the books, find where each is said, write the files anew."""
    parser = argparse.ArgumentParser(description="Put the phrases of the books in order.")
    parser.add_argument("--book", choices=list(HEADERS), default=ERRORS, help="which takes the other files")
    parser.add_argument("others", nargs="*", type=Path, help="files with further phrases")
    chosen = parser.parse_args(given)
    for book in HEADERS:
        others = chosen.others if book == chosen.book else []
        sort_book(book, [MARKS, *others] if book == FINDINGS else others)
    marks, _, _ = MARKS.read_text(encoding="utf-8").partition(PHRASE)
    MARKS.write_text(marks, encoding="utf-8")


def sort_book(book: str, others: list[Path]) -> None:
    """The files of a book, with the phrases of other files that it lacks."""
    folder = PHRASES / "zh" / book
    taken: dict[str, str] = {}
    for path in [*sorted(folder.glob("*.toml")), *others]:
        for one in tomllib.loads(path.read_text(encoding="utf-8")).get("phrase", ()):
            taken.setdefault(one["english"], one["translation"])
    homes = homes_of(taken)
    files: dict[str, list[str]] = defaultdict(list)
    for english in sorted(taken, key=in_order):
        entry = (
            f"english = {json.dumps(english, ensure_ascii=False)}\n"
            f"translation = {json.dumps(taken[english], ensure_ascii=False)}\n"
        )
        files[homes.get(english, EVERYWHERE)].append(f"{PHRASE}{entry}")
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.toml"):
        path.unlink()
    for name, entries in files.items():
        (folder / f"{name}.toml").write_text(HEADERS[book] + "".join(entries), encoding="utf-8")
    sys.stdout.write(f"{len(taken)} phrases in {len(files)} files under {folder}\n")


def in_order(english: str) -> tuple[str, str]:
    """By what is read, capitals beside small letters."""
    return english.casefold(), english


def homes_of(taken: Mapping[str, str]) -> dict[str, str]:
    """The part of the package that says each phrase, as "adapt" or "adapt.audit"; none where several wings do."""
    said: dict[str, set[str]] = defaultdict(set)
    book = in_order_of_trial({"english": one, "translation": told} for one, told in taken.items())
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts[:-1][:2]
        for text in set(texts_of(path)):
            phrase = next((one for one in book if one.fixed in text and one.match(text)), None)
            if phrase is not None and len(_GAP_OR_SIGN.sub("", phrase.english)) >= SHORTEST:
                said[phrase.english].add(".".join(parts) or EVERYWHERE)
    return {english: _common(parts) for english, parts in said.items()}


def texts_of(path: Path) -> Iterator[str]:
    """Every string of a module that could be a sentence, with a number in its gaps."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "17" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) >= SHORTEST:
            yield node.value


def _common(parts: set[str]) -> str:
    """The part, or the wing of several parts; several wings have none."""
    wings = {one.partition(".")[0] for one in parts}
    if len(parts) == 1:
        return next(iter(parts))
    return next(iter(wings)) if len(wings) == 1 else EVERYWHERE


if __name__ == "__main__":
    main(sys.argv[1:])
