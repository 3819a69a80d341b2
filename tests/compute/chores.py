"""Small work that another process can import: squares, with shards that kill their worker, fail or take their time."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from headwinds.compute.work import Shard, Work
from headwinds.errors import DataError


def prepare(places: tuple[Path, ...], given: dict[str, str]) -> dict[str, str]:
    if "deadly" in given:
        os.kill(os.getpid(), signal.SIGKILL)
    if "starts" in given:
        (Path(given["starts"]) / str(os.getpid())).touch()
    return {**given, **{place.name: place.read_text() for place in places}}


def do(held: dict[str, str], content: tuple[str, int]) -> bytes:
    kind, number = content
    if kind == "dies once":
        marker = Path(held["markers"]) / str(number)
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if kind == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "wrong":
        raise DataError(f"Row {number} has no text.", remedy="Mend it.")
    if kind == "bug":
        raise ZeroDivisionError("one by none")
    if kind == "slow":
        time.sleep(0.3)
    return f"{number**2} {held.get('word.txt', '')}".encode()


def killing(held: Any, content: tuple[str, bytes]) -> bytes:
    """Score a shard; each third one kills its worker the first time."""
    from headwinds.adapt import scoring

    marker, passages = Path(content[0]), content[1]
    if marker.name.endswith("1") and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return scoring._do(held, passages)


def squares(**given: str) -> Work:
    return Work(prepare, do, given)


def shards(*kinds: str) -> list[Shard]:
    return [Shard(number, (kind, number), f"{number:064x}") for number, kind in enumerate(kinds)]
