"""Two people label the same passages at once while the server is killed; every answer is there once."""

from __future__ import annotations

import http.client
import threading
import time

from annotate.projects import Client, answer, make_project, served
from headwinds.annotate.store import events

PASSAGES = 50
LABELS = ("growth", "divide", "security")


def label_all(port: int, name: str, given: dict[str, dict], problems: list[Exception]) -> None:
    """What a page does: fetch ahead, keep what is unsent, send it until it stands, and at times what stands already."""
    try:
        client = Client(port)
        assert client.patiently(lambda: client.enter(name)) == 303
        outbox: list[dict] = []
        answered: set[int] = set()
        while len(answered) < PASSAGES or outbox:
            try:
                for item in client.get(f"/api/queue?count={8 + len(outbox)}")["items"]:
                    if item["item"] not in answered:
                        one = answer(
                            item["item"],
                            [label for label in LABELS if hash((name, label, item["item"])) % 3 == 0],
                        )
                        answered.add(item["item"])
                        outbox.append(one)
                        given[one["client_id"]] = one
                status, reply = client.post([*outbox[:5], *list(given.values())[-2:]])
                assert status == 200, reply
                assert reply["refused"] == {}
                outbox = [one for one in outbox if one["client_id"] not in reply["stands"]]
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)  # the server is away; nothing is forgotten
    except Exception as error:
        problems.append(error)


def test_two_annotators_lose_and_double_nothing_when_the_server_is_killed_three_times(tmp_path):
    project = make_project(tmp_path, queue=PASSAGES, double_share=1.0)
    given: dict[str, dict[str, dict]] = {"ann": {}, "ben": {}}
    problems: list[Exception] = []
    with served(tmp_path) as server:
        people = [
            threading.Thread(target=label_all, args=(server.port, name, given[name], problems))
            for name in given
        ]
        for person in people:
            person.start()
        for kill in range(3):
            while len(events(project)) < (kill + 1) * PASSAGES // 2 and not problems:
                time.sleep(0.01)
            server.kill()
            server.start()
        for person in people:
            person.join(60)
        server.kill()
        assert problems == []
        found = events(project)
        for name, answers in given.items():
            mine = {event.client_id: event for event in found if event.annotator == name}
            assert len([event for event in found if event.annotator == name]) == len(mine) == PASSAGES
            assert len({event.item for event in mine.values()}) == PASSAGES
            assert {key: sorted(event.answer["labels"]) for key, event in mine.items()} == {
                key: sorted(one["answer"]["labels"]) for key, one in answers.items()
            }
        assert not any("Broadband" in said or "数字" in said for said in server.errors)
    project.engine.dispose()
