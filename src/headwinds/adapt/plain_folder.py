"""A fitted model as a folder that `transformers` loads by itself, with a README whose code gives the same results.

Weights are safetensors, settings plain JSON; an adapter is merged. What cannot be told in weights (tokens learnt before the
text, bottlenecks, prompts) is refused rather than left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import quiet_transformers
from headwinds.adapt.plain_code import plain_code
from headwinds.adapt.prompts.forms import prompted
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.weights_file import told_if_no_room, weights_bytes
from headwinds.adapt.written_encoding import around
from headwinds.artifacts.write import atomic_directory, write_bytes, write_json, write_text
from headwinds.errors import MismatchError

if TYPE_CHECKING:
    from headwinds.adapt.fitted_model import FittedModel

FACTS = "headwinds.json"
HEAD = "head.safetensors"


def write_plain_folder(model: FittedModel, place: Path, *, about: Sequence[str] = ()) -> None:
    """Write a model into the new folder `place`; `about` are lines for its README.

    Raises
    ------
    MismatchError
        What the model learnt is not all in its weights.
    ArtifactError, StorageError
        `place` exists; the disk refuses.
    """
    from transformers import PreTrainedModel

    encoder: Any = model.network.encoder
    imported = getattr(model.network, "own_head", False)
    apart = not isinstance(encoder, PreTrainedModel) or hasattr(encoder, "bottlenecks")
    if apart or (prompted(model.task) and not imported):
        raise MismatchError(
            f"A model fitted by method {model.facts.method!r} cannot be written as a transformers folder: what it learnt, "
            "or what it is asked, is no part of the weights.",
            remedy="Export it as it is, without --to transformers.",
        )
    head = {
        name: value.detach().contiguous()
        for name, value in model.network.state_dict().items()
        if not name.startswith("encoder.")
    }
    facts = _facts(model)
    size = sum(value.numel() * value.element_size() for value in encoder.parameters())
    with atomic_directory(place) as folder:
        with quiet_transformers(), told_if_no_room(size, folder):
            encoder.save_pretrained(folder)
        model.tokenizer.save_pretrained(folder)
        if head:
            write_bytes(folder / HEAD, weights_bytes(head))
        write_json(folder / FACTS, facts)
        write_text(folder / "README.md", _readme(model, facts, about))


def _facts(model: FittedModel) -> dict[str, Any]:
    """What the code of the README needs beside the weights."""
    facts = model.facts
    found: dict[str, Any] = {"task": facts.task, "labels": list(facts.labels), "max_tokens": facts.max_tokens}
    if not writes(model.task):
        pairs = bool(facts.decoder.get("pairs"))
        room = facts.max_tokens - model.tokenizer.num_special_tokens_to_add(pair=pairs)
        stride = max(1, room // 8) if pairs else room // 8
        return {**found, "stride": stride, "pooling": facts.network["pooling"], "decoder": facts.decoder}
    from headwinds.adapt.writing import most_written, plain_arguments

    task: Any = model.task
    begin, end = around(model.tokenizer, task.form)
    written = most_written(model)
    room = facts.max_tokens - len(begin) - len(end) - (written if model.network.decoder_only else 0)
    generate = plain_arguments(model.network, model.tokenizer, facts.decoder["writing"], most=written)
    return {**found, "begin": begin, "end": end, "most_read": room, "generate": generate}


def _readme(model: FittedModel, facts: dict[str, Any], about: Sequence[str]) -> str:
    code = plain_code(model)
    lines = [f"# {model.facts.task}", "", *(f"- {line.strip()}" for line in about), ""]
    if code is None:
        lines += [
            "`transformers` loads the encoder of this folder: `AutoModel.from_pretrained(folder)`. `head.safetensors` holds "
            "the layers on top of it, `headwinds.json` what decoding needs. How this task makes predictions of them is "
            "written in Headwinds; export without `--to transformers` for a folder that it predicts with.",
        ]
        return "\n".join(lines) + "\n"
    exact = (
        ""
        if model.facts.precision == "float32"
        else f" Headwinds itself predicts in {model.facts.precision} with this model: digits differ a little."
    )
    needed = ("transformers", "torch", "safetensors", *(("numpy",) if "import numpy\n" in code else ()))
    named = ", ".join(f"`{name}`" for name in needed[:-1])
    lines += [
        f"Without Headwinds, with {named} and `{needed[-1]}` alone (in float32).{exact}",
        "",
        "```python",
        code.rstrip("\n"),
        "```",
    ]
    return "\n".join(lines) + "\n"
