"""Two annotators in two real browsers label the same passages at once while the server is killed: what is lost, or doubled?

Run from the repository's root: ``python -m benchmarks.annotation.run``. Beside Headwinds it needs playwright (from PyPI),
Chromium at /usr/bin/chromium and, for the second half, PostgreSQL.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.annotation.cluster import postgresql
from benchmarks.machine import write_table

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
NAMES = ("ann", "ben")
TEXT = """
Two annotators, each in a Chromium process of its own, label the same {passages} passages at once by keyboard; now and then
one reloads the page. Meanwhile the server is killed by `kill -9` {kills} times, stays away for one to three seconds, and is
started again. Then every answer in the database is held against every key that was pressed.

Lost: pressed and not in the database. Doubled: one reader's passage with two events. Wrong: other labels than were pressed.
Changed: attempts to update or delete an event in the database itself that went through, of two. Left: still in a browser's
storage at the end. Waited: the most answers that waited in a browser at once. Unfinished: pages that the
server died in the middle of, which say so after five seconds and were reloaded.
"""


def one_run(database: str, passages: int, kills: int, seed: int) -> dict[str, int]:
    """Two browsers, so many kills; what is in the database in the end against what was pressed."""
    from annotate.projects import make_project, served
    from headwinds.annotate.events import resolve
    from headwinds.annotate.store import events
    from headwinds.doors.annotating import label_agreement

    generator = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        database = database or str(folder / "labels.sqlite")
        project = make_project(
            folder, passages=passages + 10, queue=passages, database=database, double_share=1.0
        )
        with served(folder, database) as server:
            url = f"http://127.0.0.1:{server.port}/"
            program = str(Path(__file__).with_name("browser.py"))
            browsers = [
                subprocess.Popen(
                    [
                        sys.executable,
                        program,
                        url,
                        name,
                        str(passages),
                        str(seed),
                        str(folder / f"{name}.json"),
                    ]
                )
                for name in NAMES
            ]
            killed = 0
            for kill in range(kills):
                # Killed once a quarter, a half, three quarters of the answers are in.
                while len(events(project)) < 2 * passages * (kill + 1) // (kills + 1):
                    if any(browser.poll() for browser in browsers):
                        raise RuntimeError("a browser failed")
                    time.sleep(0.05)
                time.sleep(generator.uniform(0, 0.2))
                server.kill()
                killed += 1
                time.sleep(generator.uniform(1, 3))
                server.start()
            codes = [browser.wait(timeout=300) for browser in browsers]
            if any(codes):
                raise RuntimeError("a browser failed")
            said = "".join(server.errors)
        found = events(project)
        pressed = {name: json.loads((folder / f"{name}.json").read_text()) for name in NAMES}
        lost = doubled = wrong = 0
        for name in NAMES:
            mine = [event for event in found if event.annotator == name]
            items = [event.item for event in mine]
            doubled += len(items) - len(set(items))
            lost += len({int(item) for item in pressed[name]["pressed"]} - set(items))
            wrong += sum(
                event.answer["labels"] != pressed[name]["pressed"].get(str(event.item)) for event in mine
            )
        changed = sum(
            went_through(project.engine, verb)
            for verb in ("UPDATE event SET note = 'x'", "DELETE FROM event")
        )
        alpha = label_agreement(project).table
        project.engine.dispose()
        return {
            "kills": killed,
            "answers": len(found),
            "lost": lost,
            "doubled": doubled,
            "wrong": wrong,
            "changed": changed,
            "left": sum(one["left"] for one in pressed.values()),
            "waited": max(one["longest"] for one in pressed.values()),
            "unfinished": sum(one["unfinished"] for one in pressed.values()),
            "script errors": sum(len(one["problems"]) for one in pressed.values()),
            "texts in the log": said.count("Broadband") + said.count("数字"),
            "disputed": sum(one.answer is None for one in resolve(found).values()),
            "rows of agreement": len(alpha),
        }


def went_through(engine, statement: str) -> bool:
    """Whether the database let an event be changed."""
    from sqlalchemy import exc, text

    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    except exc.DatabaseError:
        return False
    return True


@contextlib.contextmanager
def database_of(kind: str) -> Iterator[str]:
    """The place of an empty database; of SQLite it is left to the run."""
    if kind == "SQLite":
        yield ""
    else:
        with postgresql() as url:
            yield url


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=50)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--databases", default="SQLite,PostgreSQL")
    arguments = parser.parse_args()
    rows = []
    for kind in arguments.databases.split(","):
        for run in range(arguments.runs):
            with database_of(kind) as database:
                found = one_run(database, arguments.passages, arguments.kills, run)
            print(kind, run, found, flush=True)
            shown = (
                "kills",
                "answers",
                "lost",
                "doubled",
                "wrong",
                "changed",
                "left",
                "waited",
                "unfinished",
                "script errors",
                "texts in the log",
            )
            rows.append([kind, str(run), *(str(found[name]) for name in shown)])
    write_table(
        Path(__file__).parent / "results.md",
        "Two annotators, two browsers, a server that is killed",
        TEXT.format(passages=arguments.passages, kills=arguments.kills),
        [
            "database",
            "run",
            "kills",
            "answers",
            "lost",
            "doubled",
            "wrong",
            "changed",
            "left",
            "waited",
            "unfinished",
            "script errors",
            "texts logged",
        ],
        rows,
        f"python -m benchmarks.annotation.run --passages {arguments.passages} --kills {arguments.kills}"
        f" --runs {arguments.runs}",
    )


if __name__ == "__main__":
    main()
