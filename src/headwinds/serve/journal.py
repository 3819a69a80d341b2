"""The log: a line of JSON an event, with routes, versions, counts and times; never a text, a key or a name of a caller."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from typing import TextIO

from headwinds.database.connection import now


@dataclass(frozen=True, slots=True)
class Journal:
    """Where lines go; None keeps silent."""

    stream: TextIO | None = field(default_factory=lambda: sys.stderr)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, event: str, **facts: str | int | float) -> None:
        """Write an event with its facts."""
        if self.stream is None:
            return
        line = json.dumps({"at": now(), "event": event, **facts}, ensure_ascii=True)
        with self.lock:
            self.stream.write(line + "\n")
            self.stream.flush()
