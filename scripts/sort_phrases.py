"""Put the Chinese of every error into the file of the part that says it, in alphabetical order: branches then seldom meet.

    python scripts/sort_phrases.py              # the book as it is
    python scripts/sort_phrases.py OTHER.toml   # and phrases of another file that the book lacks

A phrase that several wings say, or one that is little but gaps, stands in `everywhere.toml`.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from headwinds.phrases.catalogue import ERRORS, in_order_of_trial

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "headwinds"
FOLDER = PACKAGE / "phrases" / "zh" / ERRORS
EVERYWHERE = "everywhere"
SHORTEST = 12
"""Fixed letters below which a phrase may match what is no error."""
_GAP_OR_SIGN = re.compile(r"\{\w+\}|[^A-Za-z]")
HEADER = """\
# 出错时的话和对策。english 与程序写出的英文逐字相同，{花括号}里是空位；translation 里保留同样的空位，{{}} 是花括号本身。
# 按英文的字母次序排列；scripts/sort_phrases.py 会排好。
"""


def main(given: list[str]) -> None:
    """Read all phrases, find where each is said, write the files anew."""
    taken: dict[str, str] = {}
    for path in [*sorted(FOLDER.glob("*.toml")), *map(Path, given)]:
        for one in tomllib.loads(path.read_text(encoding="utf-8")).get("phrase", ()):
            taken.setdefault(one["english"], one["translation"])
    homes = homes_of(taken)
    files: dict[str, list[str]] = defaultdict(list)
    for english in sorted(taken, key=in_order):
        entry = (
            f"english = {json.dumps(english, ensure_ascii=False)}\n"
            f"translation = {json.dumps(taken[english], ensure_ascii=False)}\n"
        )
        files[homes.get(english, EVERYWHERE)].append(f"\n[[phrase]]\n{entry}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.toml"):
        path.unlink()
    for name, entries in files.items():
        (FOLDER / f"{name}.toml").write_text(HEADER + "".join(entries), encoding="utf-8")
    sys.stdout.write(f"{len(taken)} phrases in {len(files)} files under {FOLDER}\n")


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
