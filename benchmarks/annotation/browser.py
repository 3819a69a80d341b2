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

from playwright.sync_api import Page, sync_playwright

NEXT_IS_THERE = """(done) => document.getElementById('form')?.hidden === false
    && !done.includes(document.getElementById('text').dataset.item)"""
LABELS = ("growth", "divide", "security")


def wanted(name: str, item: str) -> list[str]:
    """What an annotator gives to a passage: a function of both, so that the two differ on some."""
    common, own = (hashlib.sha256(text.encode()).digest() for text in (item, f"{name}/{item}"))
    return [label for place, label in enumerate(LABELS) if (own if own[9] < 40 else common)[place] < 100]


def until(page: Page, condition: str, value: object = None) -> None:
    """Wait for a condition (playwright's own waiting compiles code in the page, which the page's policy forbids)."""
    end = time.monotonic() + 120
    while not page.evaluate(condition, value):
        if time.monotonic() > end:
            raise TimeoutError(condition)
        time.sleep(0.02)


def main() -> None:
    url, name, passages, seed, output = sys.argv[1:]
    generator = random.Random(f"{seed}/{name}")
    pressed: dict[str, list[str]] = {}
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_context().new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{url}enter")
        page.fill("#name", name)
        page.click("button")
        longest = 0
        while len(pressed) < int(passages):
            until(page, NEXT_IS_THERE, list(pressed))
            item = page.get_attribute("#text", "data-item")
            for label in wanted(name, item):
                page.keyboard.press(str(LABELS.index(label) + 1))
            pressed[item] = wanted(name, item)
            page.keyboard.press("Enter")
            waiting = page.inner_text("#saved").split(" ")[0]
            longest = max(longest, int(waiting) if waiting.isdigit() else 0)
            if generator.random() < 0.04:  # somebody reloads the page, the server there or not
                try:
                    page.reload(timeout=2000)
                except Exception:
                    while True:
                        try:
                            page.goto(url, timeout=2000)
                            break
                        except Exception:
                            time.sleep(0.2)
            time.sleep(generator.uniform(0.02, 0.3))
        until(page, "() => document.getElementById('saved').textContent === 'All saved'")
        left = page.evaluate("Object.keys(localStorage).filter((key) => key.includes('/answer/')).length")
        browser.close()
    Path(output).write_text(
        json.dumps({"pressed": pressed, "left": left, "longest": longest, "problems": problems})
    )


if __name__ == "__main__":
    main()
