"""D9: fifty hostile texts as documents, ids, labels, columns, names, licences on all our pages, in headless Chromium.

    python -m benchmarks.faults.hostile_pages [PICTURES]

Needs playwright and /usr/bin/chromium. Each page is opened twice: as it is, and with its policy switched off, so that the
escaping has to hold alone. Counted are scripts that ran, dialogs, requests to elsewhere, and elements that a text became.
"""

from __future__ import annotations

import contextlib
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
from benchmarks.faults.payloads import PAYLOADS
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "report"), str(ROOT)]

CHROMIUM = "/usr/bin/chromium"
BECAME = """() => [...document.querySelectorAll('*')].filter(node => [...node.attributes].some(one =>
  /^on/i.test(one.name) || /^\\s*(javascript|vbscript|data:text)/i.test(one.value)
  && ['href', 'action', 'formaction', 'xlink:href'].includes(one.name)
  || /xss/.test(one.value) && ['src', 'data', 'srcdoc', 'style', 'content', 'http-equiv'].includes(one.name))
  || ['script', 'style'].includes(node.localName) && /window\\.xss/.test(node.textContent)
  || ['iframe', 'object', 'embed', 'base', 'marquee', 'audio', 'video', 'math', 'template'].includes(node.localName)
).map(node => node.outerHTML.slice(0, 200))"""
CARD = ("licence", "limits", "checkpoint", "method", "data_digest")


@dataclass
class Seen:
    """What happened on the pages."""

    pages: int = 0
    shown: int = 0
    problems: list[str] = field(default_factory=list)


def opened(browser: Browser, seen: Seen, *, policy: bool) -> Page:
    """A page whose every sign of a script is noted."""
    page = browser.new_context(bypass_csp=not policy).new_page()
    page.on("dialog", lambda dialog: (seen.problems.append(f"dialog {page.url}"), dialog.dismiss()))
    page.on("pageerror", lambda error: seen.problems.append(f"error {page.url}: {error}"))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith(("http://localhost", "http://127.0.0.1", "file:", "data:", "blob:"))
            else seen.problems.append(f"request {asked.url}")
        ),
    )
    return page


def looked_at(page: Page, seen: Seen, what: str) -> None:
    """Count what a text became on the page as it stands."""
    page.wait_for_timeout(150)
    seen.pages += 1
    seen.shown += page.evaluate(
        "(document.body ?? document.documentElement).textContent.split('window.xss').length - 1"
    )
    if page.evaluate("window.xss === 1"):
        seen.problems.append(f"ran: {what}")
    seen.problems += [f"{what}: became {one}" for one in page.evaluate(BECAME)]


def a_model(folder: Path) -> Path:
    """Fitted to labels that are the payloads; texts, ids and a column's name and values are too."""
    from adapt.tiny import make_checkpoint
    from headwinds import audit, tune

    checkpoint = make_checkpoint(folder / "checkpoint")
    for name, count in (("train", 150), ("test", 50)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "text", "label", PAYLOADS[0], "speech"])
            for number in range(count):
                text, label = PAYLOADS[(number * 7 + 3) % 50], PAYLOADS[number % 50]
                writer.writerow(
                    [
                        PAYLOADS[number % 50],
                        f"{text} he thanks France {name} {number}",
                        label,
                        PAYLOADS[number % 3],
                        number,
                    ]
                )
    tune(
        task="text-classification", train=folder / "train.csv", test=folder / "test.csv", output=folder / "run",
        checkpoint=str(checkpoint), epochs=1, batch_tokens=512, slices=(PAYLOADS[0],), quiet=True,
    )  # fmt: skip
    audit(
        folder / "run", folder / "test.csv", folder / "run", by=[PAYLOADS[0]], group="speech",
        train=folder / "train.csv", texts=50, explained=5,
    )  # fmt: skip
    return folder / "run"


def a_report(folder: Path) -> None:
    """The report and the brief of a study in which everything that can be named is a payload."""
    import synthetic

    from headwinds.report import write_report
    from headwinds.report.brief_page import write_brief

    labels = list(PAYLOADS[:4])
    made = synthetic.content(
        labels=labels, years=list(PAYLOADS[4:8]), groups=PAYLOADS[8:10], title=PAYLOADS[36], question=PAYLOADS[38],
        limits=PAYLOADS, provenance={one: one for one in PAYLOADS}, passages=(),
        corpus=replace(synthetic.content().corpus, first_year=None, last_year=None),
    )  # fmt: skip
    corpus = replace(
        made.corpus, source="".join(PAYLOADS), licence="".join(PAYLOADS), sampling="".join(PAYLOADS),
        strata=pd.DataFrame({"stratum": PAYLOADS, "passages": 1, "population": 1.0, "gold": 1, PAYLOADS[11]: PAYLOADS}),
    )  # fmt: skip
    errors = pd.DataFrame({
        "passage_id": PAYLOADS, "label": labels[0], "gold": True, "probability": 0.1, "text": PAYLOADS[::-1],
        PAYLOADS[12]: PAYLOADS,
    })  # fmt: skip
    accounts = made.growth.accounts
    growth = replace(
        made.growth, rebuild="".join(PAYLOADS),
        accounts=replace(
            accounts, table=accounts.table.assign(span=list(PAYLOADS[13:16])), estimand=PAYLOADS[30], units=PAYLOADS[31],
            unavailable=pd.DataFrame({"entity": PAYLOADS, "period": 1990, "reason": PAYLOADS}),
        ),
    )  # fmt: skip
    traces = tuple(
        replace(
            one,
            rows=pd.DataFrame({
                "passage_id": PAYLOADS, "text": PAYLOADS, "probability": 0.5, "gold": True, "weight": 1.0,
                "country": PAYLOADS, PAYLOADS[20]: PAYLOADS,
            }),
        )
        for one in synthetic.passages(labels, [PAYLOADS[4]], 1)
    )  # fmt: skip
    made = replace(
        made, corpus=corpus, evaluation=replace(made.evaluation, errors=errors), growth=growth, passages=traces,
        check=replace(made.check, gold_provenance="".join(PAYLOADS)),
    )  # fmt: skip
    folder.mkdir(parents=True)
    write_report(made, folder)
    svg = {path.stem: path.read_bytes() for path in (folder / "figures").glob("*.svg")}
    write_brief(made, folder, pictures=svg, study=PAYLOADS[40])


def results(folder: Path) -> None:
    """The HTML of results that hold the names of entities and of labels, as `headwinds explain` and notebooks write them."""
    import synthetic

    from headwinds.adapt.audit.explanation import Attributions, Piece
    from headwinds.adapt.audit.masking import PersonalDataFound
    from headwinds.doors.explaining import _kept

    made = synthetic.content(labels=PAYLOADS[:4])
    text = " ".join(PAYLOADS)
    pieces = tuple(Piece(start, start + 5, (-1.0) ** start) for start in range(0, len(text) - 5, 6))
    account = made.growth.accounts
    for name, one in (
        ("estimate", made.regression.naive),
        ("account", replace(account, table=account.table.assign(span=list(PAYLOADS[:3])))),
        ("indicator", made.indicators[0].corrected),
        ("attributions", Attributions(text, PAYLOADS[0], PAYLOADS[1], 0.5, 0.0, 0.0, 0.0, pieces)),
        ("personal", PersonalDataFound(
            2, (PAYLOADS[1],), dict.fromkeys(PAYLOADS, (1, 1)), dict.fromkeys(PAYLOADS, (PAYLOADS[3],)), ()
        )),
    ):  # fmt: skip
        _kept(one, folder / "results", name)


SERVE = """
import json, sys
from dataclasses import replace
from pathlib import Path
from headwinds.contracts import Finding
from headwinds.serve.evidence import read_run
from headwinds.serve.serving import serve
from headwinds.serve.shelf import Shelf, shelf_of_folder
from headwinds.web.listening import Address
asked = json.loads(sys.stdin.read())
models, runs = {}, {}
for place, name in enumerate(asked["names"]):
    one = shelf_of_folder(Path(asked["model"]), name).models[name]
    findings = tuple(Finding(text, text, text) for text in asked["names"]) if place < 2 else ()
    metrics = dict.fromkeys(asked["names"], (0.5, 0.1, 0.9)) if place < 2 else {}
    card = replace(one.card, findings=findings, metrics=metrics, **dict.fromkeys(asked["card"], name))
    models[name] = replace(one, card=card)
    runs[name] = dict(read_run(Path(asked["report"])))
serve(Shelf(models), Address(port=0), runs=runs, ready=lambda address: print(address, flush=True))
"""


@contextlib.contextmanager
def model_server(model: Path, report: Path) -> Iterator[str]:
    """Fifty models whose names and cards are payloads; the registry itself would refuse such names."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )  # fmt: skip
    try:
        process.stdin.write(
            json.dumps({"names": PAYLOADS, "model": str(model), "report": str(report), "card": CARD})
        )
        process.stdin.close()
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def server_pages(browser: Browser, seen: Seen, url: str, *, policy: bool, pictures: Path | None) -> None:
    """Each model is chosen, tried with a payload and explained; then the page for programs and the report."""
    page = opened(browser, seen, policy=policy)
    page.goto(url)
    wait(page, "document.getElementById('columns').children.length > 0")
    for number, name in enumerate(PAYLOADS):
        page.select_option("#model", value=name)
        wait(page, f"document.getElementById('card').textContent.includes({json.dumps(name)})")
        page.fill("#column-text", PAYLOADS[(number + 7) % 50] + " he thanks France")
        page.click("#try button")
        wait(
            page,
            "document.querySelectorAll('#answer .bar').length || !document.getElementById('problem').hidden",
        )
        page.click("#explain")
        wait(page, "document.getElementById('explanation').children.length > 0")
        looked_at(page, seen, f"server, model {name}")
        if pictures and number == 0:
            page.screenshot(path=str(pictures / "server.png"))
    page.goto(f"{url}docs")
    wait(page, "document.getElementById('routes').children.length > 0")
    looked_at(page, seen, "server, docs")
    from urllib.parse import quote

    for name in PAYLOADS[:3]:
        page.goto(f"{url}v1/models/{quote(name, safe='')}/run/report.html")
        looked_at(page, seen, "server, report")


def annotation_pages(browser: Browser, seen: Seen, folder: Path, *, policy: bool) -> None:
    """Fifty passages are read and labelled by two people with hostile names; then agreement and disputes."""
    from annotate.projects import make_project, served
    from headwinds.annotate.rounds import Round, add_round

    folder.mkdir()
    lines = [
        json.dumps(
            {
                "passage_id": f"p{n} {text}",
                "document_id": text,
                "text": f"{text} he thanks France",
                "year": text,
            }
        )
        for n, text in enumerate(PAYLOADS)
    ]
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    cell = [text.replace("|", "") for text in PAYLOADS]
    rows = [f"| label{n} | {cell[n]} | {cell[-n]} |" for n in range(50)]
    rules = [f"{n + 1}. {text}" for n, text in enumerate(cell)]
    (folder / "codebook.md").write_text(
        "\n".join(["| label | give it | not |", "|---|---|---|", *rows, "", *rules]) + "\n"
    )
    project = make_project(folder, double_share=1.0)
    names = tuple(f"p{n} {text}" for n, text in enumerate(PAYLOADS))
    add_round(project, Round("test", "test", dict.fromkeys(names, 0.5), names, False))
    project.engine.dispose()
    with served(folder) as server:
        for person in (PAYLOADS[2][:40], PAYLOADS[9][:40]):
            page = opened(browser, seen, policy=policy)
            page.goto(f"http://localhost:{server.port}/enter")
            page.fill("input[name=name]", person)
            page.click("button[type=submit]")
            for _ in range(50):
                page.wait_for_timeout(60)
                looked_at(page, seen, "annotation, reading")
                boxes = page.locator("input[type=checkbox]:visible, input[type=radio]:visible")
                if boxes.count() and person.startswith("<img"):
                    boxes.first.check()
                page.keyboard.press("Enter")
            for path in ("agreement", "adjudicate", "nothing", "enter"):
                page.goto(f"http://localhost:{server.port}/{path}")
                page.wait_for_timeout(300)
                looked_at(page, seen, f"annotation, {path}")


def wait(page: Page, condition: str) -> None:
    """Playwright's own waiting compiles code in the page, which its policy forbids."""
    for _ in range(3000):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise TimeoutError(f"{condition}: {page.inner_text('body')[:500]}")


def main() -> None:
    from benchmarks.machine import write_table

    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        model = a_model(folder)
        a_report(folder / "report")
        results(folder)
        files = [*sorted(folder.glob("report/**/*.html")), *sorted(folder.glob("report/figures/*.svg")),
                 *sorted(folder.glob("run/**/*.html")), *sorted(folder.glob("results/*.html"))]  # fmt: skip
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def counted(what: str, work) -> None:
            for policy in (True, False):
                seen = Seen()
                work(seen, policy)
                sys.stderr.write("".join(f"{one}\n" for one in dict.fromkeys(seen.problems)))
                said = "as it is" if policy else "policy off"
                rows.append(
                    ["D9", f"{what}, {said}: {seen.pages} pages", str(seen.shown), str(len(seen.problems))]
                )
                print(rows[-1], flush=True)

        def of_files(seen: Seen, policy: bool) -> None:
            for path in files:
                page = opened(browser, seen, policy=policy)
                page.goto(path.as_uri())
                looked_at(page, seen, path.name)
                if pictures and policy and path.suffix == ".html":
                    page.screenshot(path=str(pictures / f"{path.stem}.png"))
                page.context.close()

        counted("report, brief, figures, tests, audit, results as files", of_files)
        with model_server(model, folder / "report") as url:
            counted("the page of `headwinds serve`", lambda seen, policy: server_pages(
                browser, seen, url, policy=policy, pictures=pictures if policy else None
            ))  # fmt: skip
        counted("the pages of `headwinds annotate`", lambda seen, policy: annotation_pages(
            browser, seen, folder / f"annotated-{policy}", policy=policy
        ))  # fmt: skip
        browser.close()
    write_table(
        Path(__file__).parent / "hostile_pages.md",
        "Hostile texts on our pages",
        "Fifty texts that would run a script where they are taken for markup, as documents, ids, labels, columns, names, "
        "licences and findings, in headless Chromium. A broken promise is a script that ran, a dialog, a request elsewhere, "
        "an error of the page, or an element that a text became.",
        ["", "where", "hostile texts shown", "promises broken"],
        rows,
        "python -m benchmarks.faults.hostile_pages",
    )


if __name__ == "__main__":
    main()
