"""Cores, memory, vector instructions, GPU and disk, as this process may use them (a container may have less)."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterable
from pathlib import Path

from headwinds.compute.capacity import GIB, memory, usable_cores
from headwinds.drawing.glyphs import FILES
from headwinds.machine.diagnosis import Line

LEAST_MEMORY = 2 * GIB
FONT_FOLDERS = tuple(
    Path(name)
    for name in (
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "~/.fonts",
        "~/.local/share/fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
        "C:/Windows/Fonts",
    )
)
LEAST_DISK = 2 * GIB
"""The shipped study's run, its models included, takes about half of it."""
INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx512_f": "AVX-512",
    "avx512_bf16": "AVX512-BF16",
    "avx512_vnni": "AVX512-VNNI",
    "avx_vnni": "AVX-VNNI",
    "amx_bf16": "AMX-BF16",
    "amx_int8": "AMX-INT8",
    "neon": "NEON",
    "bf16": "BF16",
    "sve": "SVE",
}


def hardware_lines(output: Path) -> list[Line]:
    """Cores, memory, processor, GPU, the disk that `output` is on, fonts."""
    return [_cores(), _memory(), _processor(), _gpu(), _disk(output), font_line(FONT_FOLDERS)]


def font_line(folders: Iterable[Path]) -> Line:
    """Whether a font with Chinese characters is installed; by file names, as asking matplotlib can take seconds."""
    found = sorted(
        path.name
        for folder in folders
        for path in folder.expanduser().rglob("*")
        if path.suffix.lower() in (".ttf", ".ttc", ".otf") and path.name.lower().startswith(FILES)
    )
    if found:
        return Line("machine", "fonts", f"Chinese in figures: {found[0]}", values={"chinese": found[0]})
    return Line(
        "machine",
        "fonts",
        "none with Chinese characters: PNG figures show boxes for them, SVG and pages are right",
        "missing",
        "For Chinese labels, install one, e.g. the package fonts-noto-cjk.",
        {"chinese": None},
    )


def _cores() -> Line:
    usable, all_cores = usable_cores(), os.cpu_count() or 1
    return Line(
        "machine",
        "cores",
        f"{usable} that this process may use, of {all_cores}",
        values={"usable": usable, "all": all_cores},
    )


def _memory() -> Line:
    found = memory()
    if found is None:
        return Line("machine", "memory", f"{platform.system()} does not say how much", "note")
    free, total = found
    says = f"{free / GIB:.1f} GiB free of {total / GIB:.1f} GiB"
    values = {"free_bytes": free, "total_bytes": total}
    if free < LEAST_MEMORY:
        remedy = "Close other programs, or lower batch_tokens under [tune]: 2 GiB are comfortable."
        return Line("machine", "memory", says, "note", remedy, values)
    return Line("machine", "memory", says, values=values)


def _processor() -> Line:
    import torch

    found = torch.cpu.get_capabilities()
    has = [words for name, words in INSTRUCTIONS.items() if found.get(name)]
    name = str(found.get("cpu_name") or platform.processor() or platform.machine())
    return Line(
        "machine",
        "processor",
        f"{name} ({platform.machine()}): {', '.join(has) or 'no vector instructions that we know'}",
        values={"name": name, "architecture": platform.machine(), "instructions": has},
    )


def _gpu() -> Line:
    import torch

    if not torch.cuda.is_available():
        return Line("machine", "GPU", "none that this torch can use; none is needed", values={"names": []})
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return Line(
        "machine",
        "GPU",
        f"{', '.join(names)}: training by gradient, predict and score run on it",
        values={"names": names},
    )


def _disk(output: Path) -> Line:
    there = output.absolute()
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    says, values = f"{free / GIB:.1f} GiB free under {output}", {"free_bytes": free, "folder": str(output)}
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        remedy = "Name a folder of yours: --output FOLDER, here and in `headwinds run`."
        return Line("machine", "disk", f"nothing can be written to {there}", "broken", remedy, values)
    if free < LEAST_DISK:
        remedy = "Make room, or name another disk's folder with --output: 2 GiB are comfortable."
        return Line("machine", "disk", says, "note", remedy, values)
    return Line("machine", "disk", says, values=values)
