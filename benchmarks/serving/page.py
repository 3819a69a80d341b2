"""The page of the server in a real browser: a model is tried and explained, and fifty hostile texts stay texts.

    python -m benchmarks.serving.page runs/un-debates --pictures pictures

Needs playwright and /usr/bin/chromium. Texts are hostile; a model's labels, licence and limits are not tried.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from benchmarks.machine import write_table
from playwright.sync_api import Page, sync_playwright

MARKS = ("alert(1)", "window.xss=1")
FORMS = (
    "<script>{0}</script>",
    "<img src=x onerror={0}>",
    "<svg onload={0}>",
    "<body onload={0}>",
    "<iframe src=javascript:{0}>",
    "<a href=javascript:{0}>x</a>",
    "<details open ontoggle={0}>",
    "<input autofocus onfocus={0}>",
    "<video><source onerror={0}>",
    "<math><mtext></script><script>{0}</script>",
    '"><script>{0}</script>',
    "'><img src=x onerror={0}>",
    "</textarea><script>{0}</script>",
    "</pre><img src=x onerror={0}>",
    "</span><svg/onload={0}>",
    "<style>@import'javascript:{0}'</style>",
    "<link rel=stylesheet href=javascript:{0}>",
    "<object data=javascript:{0}>",
    "<embed src=javascript:{0}>",
    "<base href=javascript:{0}//>",
    "<meta http-equiv=refresh content=0;url=javascript:{0}>",
    "<form action=javascript:{0}><button>",
    "${{{0}}}",
    "{{{{{0}}}}}",
    "=cmd|' /C calc'!A0 {0}",
)
PAYLOADS = [form.format(mark) for form in FORMS for mark in MARKS]


@contextlib.contextmanager
def served(*arguments: str):
    process = subprocess.Popen(
        [sys.executable, "-m", "headwinds", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield "http://" + process.stdout.readline().split("http://")[1].split(" ")[0]
    finally:
        process.terminate()
        process.wait()


def until(page: Page, condition: str) -> None:
    """Playwright's own waiting compiles code in the page, which its policy forbids."""
    end = time.monotonic() + 60
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise TimeoutError(f"{condition}: {page.inner_text('body')[:1000]}")
        time.sleep(0.02)


def tried(page: Page, text: str, explain: bool) -> None:
    page.fill("#column-text", text)
    page.evaluate("document.getElementById('answer').replaceChildren()")
    page.click("#try button")
    until(
        page,
        "document.getElementById('answer').children.length > 0 || !document.getElementById('problem').hidden",
    )
    if explain and page.evaluate("document.getElementById('problem').hidden"):
        page.click("#explain")
        until(page, "document.getElementById('explanation').children.length > 0")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a finished run")
    parser.add_argument("--pictures", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    model = next(path.parent for path in sorted(arguments.run.glob("tune/fold-*/**/model.json")))
    texts = pq.read_table(arguments.run / "check" / "corpus.parquet", columns=["text"])["text"].to_pylist()
    passage = next(text for text in texts if "digital" in text and "divide" in text and 300 < len(text) < 700)
    report = (
        ["--run", f"un-debates={arguments.run}"] if list(arguments.run.glob("report/report.html")) else []
    )
    problems: list[str] = []
    executed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        with served("--model", str(model), "--name", "un-debates", *report) as url:
            for name, size in (("desktop", (1280, 900)), ("phone", (390, 844))):
                page = browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page()
                page.on("pageerror", lambda error: problems.append(str(error)))
                page.goto(url)
                until(
                    page,
                    "document.getElementById('columns').children.length > 0",
                )
                tried(page, passage, explain=True)
                page.screenshot(path=str(arguments.pictures / f"page-{name}.png"), full_page=True)
                if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                    problems.append(f"{name}: wider than its window")
                page.goto(f"{url}docs")
                until(page, "document.getElementById('routes').children.length > 0")
                page.screenshot(path=str(arguments.pictures / f"docs-{name}.png"))
            page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
            page.goto(url)
            until(page, "document.getElementById('columns').children.length > 0")
            for payload in PAYLOADS:
                tried(page, payload, explain=True)
                executed += bool(page.evaluate("window.xss === 1"))
                shown = page.evaluate("document.querySelector('#explanation .pieces')?.textContent")
                if shown is not None and shown != payload:
                    problems.append(f"shown as {shown!r}")
        browser.close()
    print(f"{len(PAYLOADS)} payloads tried and explained, {executed} executed; problems: {problems}")
    write_table(
        Path(__file__).parent / "page.md",
        "The server's page in a browser",
        "Headless Chromium at 1280 and 390 pixels: a passage is predicted and explained; then hostile texts, predicted and "
        "explained each.",
        ["what", "count"],
        [
            ["hostile texts", str(len(PAYLOADS))],
            [
                "scripts executed, dialogs, errors of the page, texts shown otherwise",
                str(executed + len(problems)),
            ],
        ],
        "python -m benchmarks.serving.page runs/un-debates",
    )


if __name__ == "__main__":
    main()
