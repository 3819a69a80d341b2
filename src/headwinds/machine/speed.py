"""How fast this processor multiplies matrices of the shape of the default encoder's, in each precision."""

from __future__ import annotations

import time

from headwinds.machine.diagnosis import Line

ROWS, INNER, OUTER = 2048, 384, 1536
"""Tokens of a batch, and the two widths of the default encoder's feed-forward layer."""
SECONDS = 0.4
"""Spent in each precision; the machine's other work is met by taking the fastest product."""


def measure_speed(seconds: float = SECONDS) -> dict[str, float]:
    """Billions of operations (a multiplication or an addition) a second in the fastest product, by precision."""
    import torch

    found = {}
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(ROWS, INNER, generator=generator)
    right = torch.randn(INNER, OUTER, generator=generator)
    with torch.inference_mode():
        for name, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
            one, other = left.to(kind), right.to(kind)
            fastest, start, rounds = float("inf"), time.perf_counter(), 0
            while rounds < 3 or time.perf_counter() - start < seconds:
                begun = time.perf_counter()
                torch.mm(one, other)
                fastest = min(fastest, time.perf_counter() - begun)
                rounds += 1
                if (
                    time.perf_counter() - start > 1.0
                ):  # where bfloat16 is emulated, one product may take this long
                    break
            found[name] = 2 * ROWS * INNER * OUTER / fastest / 1e9
    return found


def speed_line(speeds: dict[str, float]) -> Line:
    """The line that tells it."""
    says = ", ".join(f"{name} {value:,.0f} GFLOP/s" for name, value in speeds.items())
    return Line(
        "machine",
        "speed",
        f"matrix products {ROWS} x {INNER} by {INNER} x {OUTER}: {says}",
        values={f"{name}_gflops": round(value, 1) for name, value in speeds.items()},
    )
