"""The network of a task as it is before training, with the first rows of its example file encoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adapt.test_every_task import EXAMPLES, FILES
from headwinds.adapt.checkpoints import load_tokenizer
from headwinds.adapt.encoding import EncodedTexts
from headwinds.adapt.generators import formed_for, load_pretrained
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.scratch import open_checkpoint
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.registry import get_task


@dataclass(frozen=True)
class Built:
    """A task with all that a training of it starts from."""

    task: Any
    network: Any
    examples: Any
    rows: np.ndarray
    labels: tuple[str, ...]
    encoded: EncodedTexts
    padding_id: int


def built(settings: TuneSettings, folder: Path) -> Built:
    """From the first twenty rows of the task's example file."""
    task = get_task(settings.task)
    examples = task.read(read_rows(EXAMPLES / FILES[settings.task][0], task)[:20], labelled=True)
    rows = np.arange(len(examples.ids))
    source = open_checkpoint(settings, task, examples, rows, folder)
    labels, tokenizer = task.labels(examples), load_tokenizer(source)
    task = formed_for(task, settings, source)
    network = task.network(load_pretrained(task, source), labels, settings)
    task.initialise(network, examples, rows, labels, seed=1)
    encoded = task.encode(examples, tokenizer, max_tokens=source.max_tokens)
    return Built(task, network, examples, rows, labels, encoded, int(tokenizer.pad_token_id or 0))
