"""Counts for Prometheus, in its text format; no name of a caller and no text is ever a label."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class Metrics:
    """What is counted since the start."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    times: Counter[float] = field(default_factory=Counter)
    seconds: float = 0.0
    rows: int = 0
    tokens: int = 0
    turns: int = 0
    busy: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request of a known route."""
        with self._lock:
            self.requests[route, status] += 1
            self.seconds += seconds
            self.times[next((edge for edge in EDGES if seconds <= edge), float("inf"))] += 1

    def computed(self, requests: int, rows: int, tokens: int, seconds: float) -> None:
        """Count a turn of the engine."""
        with self._lock:
            self.rows += rows
            self.tokens += tokens
            self.turns += 1
            self.busy += seconds

    def text(self, waiting: int, models: dict[str, str]) -> str:
        """The page that Prometheus reads; `models` are names of our own grammar with the version in production."""
        with self._lock:
            lines = ["# TYPE headwinds_requests_total counter"]
            lines += [
                f'headwinds_requests_total{{route="{route}",status="{status}"}} {count}'
                for (route, status), count in sorted(self.requests.items())
            ]
            lines.append("# TYPE headwinds_request_seconds histogram")
            below = 0
            for edge in EDGES:
                below += self.times[edge]
                lines.append(f'headwinds_request_seconds_bucket{{le="{edge:g}"}} {below}')
            total = sum(self.times.values())
            lines += [
                f'headwinds_request_seconds_bucket{{le="+Inf"}} {total}',
                f"headwinds_request_seconds_sum {self.seconds:.6f}",
                f"headwinds_request_seconds_count {total}",
            ]
            for name, kind, value in (
                ("rows_total", "counter", self.rows),
                ("tokens_total", "counter", self.tokens),
                ("turns_total", "counter", self.turns),
                ("busy_seconds_total", "counter", round(self.busy, 6)),
                ("waiting_tokens", "gauge", waiting),
            ):
                lines += [f"# TYPE headwinds_{name} {kind}", f"headwinds_{name} {value}"]
            lines.append("# TYPE headwinds_model_info gauge")
            lines += [
                f'headwinds_model_info{{model="{name}",version="{version}"}} 1'
                for name, version in sorted(models.items())
            ]
        return "\n".join(lines) + "\n"
