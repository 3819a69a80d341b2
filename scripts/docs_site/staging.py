"""The pages of the repository, laid out for the generator as they lie in the repository, so that their links stay right."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs/tutorials", "docs/how-to", "docs/explanation", "docs/reference")
PAGES = (
    "docs/*.md",
    "docs/tutorials/*.md",
    "docs/how-to/*.md",
    "docs/explanation/*.md",
    "docs/zh/*.md",
    "benchmarks/**/*.md",
    "design/*.md",
    "studies/*/README.md",
    "examples/README.md",
    "README.zh.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
)
TUTORIALS = ("first-model", "growth-accounts", "un-study")
CHINESE = (
    "README.zh.md",
    "docs/zh/first-model.md",
    "docs/zh/growth-accounts.md",
    "docs/zh/un-study.md",
    "docs/tutorials/chinese-study.md",
)
REFERENCE = (
    "command-line",
    "python",
    "measure",
    "explain",
    "contracts",
    "errors",
    "study-file",
    "tasks-and-methods",
)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")


def stage(folder: Path, generated: Mapping[str, str]) -> None:
    """Write every page, with the landing page and its navigation, and copy the pictures that pages show.

    Parameters
    ----------
    folder
        An empty folder, or one that is not there.
    generated
        Pages by their path, which no file in the repository holds.
    """
    pages = {path: (ROOT / path).read_text(encoding="utf-8") for path in repository_pages()}
    pages |= generated
    landing = (ROOT / "docs" / "site" / "landing.md").read_text(encoding="utf-8")
    pages["index.md"] = landing.replace("](../", "](docs/") + navigation(sorted(pages))
    for path, text in pages.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(staged_text(path, text, frozenset(pages)), encoding="utf-8")
        for picture in pictures(path, text):
            (folder / picture).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / picture, folder / picture)


def repository_pages() -> list[str]:
    """Paths of the pages that the repository holds."""
    return sorted(
        {
            path.relative_to(ROOT).as_posix()
            for pattern in PAGES
            for path in ROOT.glob(pattern)
            if path.is_file()
        }
    )


def place(page: str, target: str) -> str:
    """The path from the root that a link of a page leads to."""
    parts: list[str] = []
    for part in (PurePosixPath(page).parent / target.partition("#")[0]).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def pictures(page: str, text: str) -> list[str]:
    """Paths of the pictures that a page shows."""
    found = (
        match for match in LINK.finditer(text) if match["image"] and not ELSEWHERE.match(match["target"])
    )
    return [place(page, match["target"]) for match in found]


def staged_text(page: str, text: str, pages: frozenset[str]) -> str:
    """A page whose links lead to pages of the site; what is in the repository alone is named by its path instead."""

    def follow(match: re.Match[str]) -> str:
        target = match["target"]
        if match["image"] or ELSEWHERE.match(target):
            return match.group()
        there = place(page, target)
        if there in pages:
            return match.group()
        if there == "README.md":
            up = "../" * (len(PurePosixPath(page).parts) - 1)
            return f"[{match['text']}]({up}index.md)"
        return f"{match['text']} (`{there}`)" if there not in match["text"] else match["text"]

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if place_ % 2 else LINK.sub(follow, part) for place_, part in enumerate(parts))


def navigation(pages: list[str]) -> str:
    """The tables of contents, one a part; a page that no list names comes after those that one does."""
    parts = {
        "Tutorials": [page for page in ordered("docs/tutorials", TUTORIALS, pages) if page not in CHINESE],
        "中文": [page for page in CHINESE if page in pages],
        "How to": ordered("docs/how-to", ("install", *listed("docs/how-to/README.md")), pages),
        "Explanation": ordered("docs/explanation", listed("docs/index.md", "explanation/"), pages),
        "Reference": ordered("docs/reference", REFERENCE, pages),
        "Benchmarks": [page for page in pages if page.startswith("benchmarks/")],
        "Design notes": [page for page in pages if page.startswith("design/")],
    }
    named = {page for part in parts.values() for page in part}
    parts["Project"] = [page for page in pages if page not in named]
    return "".join(
        "\n```{toctree}\n:hidden:\n:caption: " + caption + "\n\n" + "\n".join(part) + "\n```\n"
        for caption, part in parts.items()
        if part
    )


def listed(page: str, prefix: str = "") -> list[str]:
    """Names of the pages in the order in which a page's table links them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"\]\({re.escape(prefix)}([\w-]+)\.md\)", text)


def ordered(folder: str, names: tuple[str, ...] | list[str], pages: list[str]) -> list[str]:
    """Pages of a folder: the named ones in that order, then the others."""
    inside = [page for page in pages if page.startswith(f"{folder}/")]
    first = [f"{folder}/{name}.md" for name in dict.fromkeys(names) if f"{folder}/{name}.md" in inside]
    return first + [page for page in inside if page not in first]
