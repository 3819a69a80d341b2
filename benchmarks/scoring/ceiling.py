"""How much faster than float32 the processor multiplies bytes: what no scoring in int8 can go beyond, padding apart.

The products of one layer of the offline default, at as many tokens as a batch of scoring has, in float32 and in bytes
(oneDNN, whose products OpenVINO calls too), in alternating rounds. A pipeline that multiplies at the float32 speed and pads
a share p of its tokens is beaten at most by the ratio of the speeds over 1 - p, were all else free.

    python -m benchmarks.scoring.ceiling
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from benchmarks.machine import write_table

TOKENS = 2048
WIDTH, INNER = 384, 1536
PRODUCTS = {
    "queries, keys and values": (WIDTH, 3 * WIDTH),
    "output of the attention": (WIDTH, WIDTH),
    "expansion": (WIDTH, INNER),
    "contraction": (INNER, WIDTH),
}
ASKED = 12


def of_bytes(inputs: int, outputs: int) -> Callable[[], torch.Tensor]:
    whole = torch.randint(-127, 128, (outputs, inputs), dtype=torch.int8)
    weight = torch.ops.onednn.qlinear_prepack(whole, [TOKENS, inputs])
    steps, zeros = torch.full((outputs,), 0.01), torch.zeros(outputs, dtype=torch.int64)
    states, bias = torch.randint(1, 256, (TOKENS, inputs), dtype=torch.uint8), torch.zeros(outputs)
    return lambda: torch.ops.onednn.qlinear_pointwise(
        states, 0.01, 128, weight, steps, zeros, bias, 1.0, 0, torch.bfloat16, "none", [], ""
    )


def of_floats(inputs: int, outputs: int) -> Callable[[], torch.Tensor]:
    weight, bias = torch.randn(outputs, inputs), torch.zeros(outputs)
    states = torch.randn(TOKENS, inputs)
    return lambda: torch.nn.functional.linear(states, weight, bias)


def seconds(compute: Callable[[], torch.Tensor], times: int = 40) -> float:
    compute()
    started = time.perf_counter()
    for _ in range(times):
        compute()
    return (time.perf_counter() - started) / times


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows, slow, fast, work = [], 0.0, 0.0, 0.0
    with torch.inference_mode():
        for name, (inputs, outputs) in PRODUCTS.items():
            whole, byte = of_floats(inputs, outputs), of_bytes(inputs, outputs)
            pairs = [(seconds(whole), seconds(byte)) for _ in range(arguments.rounds)]
            first, second = (statistics.median(times) for times in zip(*pairs, strict=True))
            operations = 2e-9 * TOKENS * inputs * outputs
            ratios = [one / other for one, other in pairs]
            rows.append(
                [
                    f"{name} ({inputs} by {outputs})",
                    f"{operations / first:,.0f}",
                    f"{operations / second:,.0f}",
                    f"{first / second:.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
                ]
            )
            slow, fast, work = slow + first, fast + second, work + operations
    rows.append(["all of them", f"{work / slow:,.0f}", f"{work / fast:,.0f}", f"{slow / fast:.2f}"])
    write_table(
        Path(__file__).parent / "ceiling.md",
        "How much faster this processor multiplies bytes than float32",
        f"The products of one layer of the offline default at {TOKENS:,} tokens, {arguments.rounds} alternating rounds, "
        f"medians; {arguments.threads} threads. Scoring in int8 is at most so many times as "
        "fast as a float32 pipeline that pads nothing, and over 1 - p of one that pads a share p, were attention, "
        f"normalisation, activations and tokenizing free. Of {ASKED} times as fast that leaves texts of which the "
        f"pipeline pads at least {max(0.0, 1 - slow / fast / ASKED):.0%}.",
        ["product", "float32, GFLOP/s", "bytes, GOP/s", "times as fast (range of the rounds)"],
        rows,
        f"python -m benchmarks.scoring.ceiling --rounds {arguments.rounds}",
    )


if __name__ == "__main__":
    main()
