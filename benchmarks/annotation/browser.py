"""One annotator in one real browser: reads what the page shows, presses keys as a person would, notes what was pressed.

Run by `benchmarks.annotation.run` as a process of its own: python browser.py URL NAME PASSAGES SEED OUTPUT
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

NEXT_IS_THERE = """(done) => document.getElementById('form')?.hidden === false
    && !done.includes(document.getElementById('text').dataset.item)"""
STUCK = "() => (document.getElementById('stuck')?.clientHeight ?? 0) > 10"
LABELS = ("growth", "divide", "security")


def wanted(name: str, item: str) -> list[str]:
    """What an annotator gives to a passage: a function of both, so that the two differ on some."""
    common, own = (hashlib.sha256(text.encode()).digest() for text in (item, f"{name}/{item}"))
    return [label for place, label in enumerate(LABELS) if (own if own[9] < 40 else common)[place] < 100]


def until(page: Page, condition: str, value: object, unfinished: list[int]) -> None:
    """Wait for a condition (playwright's own waiting compiles code in the page, which the page's policy forbids)."""
    end = time.monotonic() + 60
    seen = 0.0
    while not page.evaluate(condition, value):
        seen = (seen or time.monotonic()) if page.evaluate(STUCK) else 0.0
        if seen and time.monotonic() > seen + 2:  # a person needs that long to see the line and reload
            unfinished.append(1)
            open_again(page)
            seen = 0.0
        if time.monotonic() > end:
            raise TimeoutError(f"{condition}\n{page.url}\n{page.content()[-3000:]}")
        time.sleep(0.02)


def open_again(page: Page) -> None:
    """Reload until there is a page; what the browser shows instead is its own word that the server is away."""
    while True:
        try:
            page.goto(page.url if page.url.startswith("http") else sys.argv[1], timeout=5000)
            return
        except Error:
            time.sleep(0.2)


def main() -> None:
    url, name, passages, seed, output = sys.argv[1:]
    generator = random.Random(f"{seed}/{name}")
    pressed: dict[str, list[str]] = {}
    problems: list[str] = []
    unfinished: list[int] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_context().new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{url}enter")
        page.fill("#name", name)
        page.click("button")
        longest = 0
        while len(pressed) < int(passages):
            until(page, NEXT_IS_THERE, list(pressed), unfinished)
            item = page.get_attribute("#text", "data-item")
            for label in wanted(name, item):
                page.keyboard.press(str(LABELS.index(label) + 1))
            pressed[item] = wanted(name, item)
            page.keyboard.press("Enter")
            waiting = page.inner_text("#saved").split(" ")[0]
            longest = max(longest, int(waiting) if waiting.isdigit() else 0)
            if generator.random() < 0.1:  # somebody reloads the page, the server there or not
                open_again(page)
            time.sleep(generator.uniform(0.02, 0.3))
        until(page, "() => document.getElementById('saved').textContent === 'All saved'", None, unfinished)
        left = page.evaluate("Object.keys(localStorage).filter((key) => key.includes('/answer/')).length")
        browser.close()
    Path(output).write_text(
        json.dumps(
            {
                "pressed": pressed,
                "left": left,
                "longest": longest,
                "problems": problems,
                "unfinished": len(unfinished),
            }
        )
    )


if __name__ == "__main__":
    main()
