"""A tiny real checkpoint and a tiny labelled corpus, made once a session."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from adapt.tiny import make_checkpoint, make_labelled
from headwinds.adapt.fold import LabelledTexts


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="session")
def labelled() -> LabelledTexts:
    return make_labelled()


@pytest.fixture(scope="session")
def wide_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With room for the contexts of questions."""
    return make_checkpoint(tmp_path_factory.mktemp("wide"), positions=512)


@pytest.fixture(scope="session")
def imported():
    """A way to start processes that begin where PyTorch is imported, which takes longer than most of our trainings."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["torch.distributed.fsdp", "accelerate", "transformers.models.bert.modeling_bert"]
    )
    return context
