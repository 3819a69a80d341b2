"""Kill a stage of work with SIGKILL at random moments, run it again until it ends, and compare every byte.

Run as a program it prints one JSON line: ``python killed.py WORK KILLS SEED FOLDER``. The heavy imports are paid once; each
attempt is a forked child, so that what is killed is a process in the middle of its work, not one that is still starting.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

Work = Callable[[Path], object]


def tuning(place: Path) -> Work:
    """Fit one fold of a tiny model, saving its state every few steps so that kills fall into saves too."""
    from adapt.tiny import make_checkpoint, make_labelled
    from headwinds.adapt.fold import fit_fold, plan_folds
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training import loop
    from headwinds.artifacts.stages import run_stage

    data = make_labelled()
    settings = TuneSettings(
        checkpoint=str(make_checkpoint(place / "checkpoint")),
        epochs=6,
        patience=6,
        batch_tokens=256,
        folds=2,
        learning_rate=1e-3,
        encoder_dropout=0.1,
        seed=3,
    )
    rows = plan_folds(data, settings)[0]
    loop.SECONDS_BETWEEN_SAVES = 0.02
    return lambda folder: run_stage(
        folder,
        "tune/fold-1",
        "f" * 64,
        lambda output, scratch: fit_fold(data, rows, settings, output, scratch, quiet=True),
    )


def scoring(place: Path) -> Work:
    """Score a corpus of 1,920 passages in shards of 64 with a tiny model."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from adapt.tiny import make_labelled
    from adapt.warm_process import get_ready
    from adapt.warm_workers import warm_workers
    from headwinds.adapt import scoring as module
    from headwinds.artifacts.stages import run_stage

    child = (
        os.fork()
    )  # the model is made in a child: this process must not have run a single operation before it forks
    if child == 0:
        tuning(place)(place)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError("the model to score with was not made")
    data = make_labelled()
    texts = [f"{text} number {copy}" for copy in range(8) for text in data.texts]
    names = [f"p{number:05d}" for number in range(len(texts))]
    documents = [f"d{number // 4:04d}" for number in range(len(texts))]
    pq.write_table(
        pa.table({"passage_id": names, "document_id": documents, "text": texts}), place / "corpus.parquet"
    )
    fold = dict.fromkeys(documents, 0)
    module.SHARD_PASSAGES = 64

    def score(folder: Path) -> None:
        with warm_workers():  # cold ones import for most of the time in which they could be killed
            run_stage(
                folder,
                "score",
                "f" * 64,
                lambda output, scratch: module.score_corpus(
                    place / "corpus.parquet", fold, [place / "tune" / "fold-1"], output, scratch, quiet=True
                ),
            )

    get_ready()
    return score


def pretraining(place: Path, *, architecture: str = "electra-tiny") -> Work:
    """Pretrain a tiny network from text, all stages of it, with dropout, masks and drawn tokens in every step."""
    from adapt.pretraining.corpus import small, write_lines
    from headwinds.adapt.pretraining.pretraining import pretrain_files

    text = write_lines(place / "text", 200)
    settings = small(
        architecture=architecture, tokens=30 * 512, vocabulary=200, dropout=0.1, save_seconds=0.02, seed=3
    )
    return lambda folder: pretrain_files([text], settings, folder, quiet=True)


def updating(place: Path) -> Work:
    """Update a tiny model by replay and distillation, saving its state every few steps."""
    from adapt.continual.lives import RATES, make_life
    from headwinds.adapt.continual.preparing import UpdateFiles
    from headwinds.adapt.continual.settings import UpdateSettings
    from headwinds.adapt.continual.starting import tune_changes
    from headwinds.adapt.continual.updating import update_model
    from headwinds.adapt.fitted_model import read_facts
    from headwinds.adapt.training import loop
    from headwinds.study.study_file import tune_settings

    child = os.fork()  # as above
    if child == 0:
        make_life(place)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError("the model to update was not made")
    facts = read_facts(place / "model" / "model")
    changes = tune_changes(facts, {**RATES, "epochs": 6, "patience": 6}, "replay-distillation")
    files = UpdateFiles(
        place / "new.csv", place / "old.csv", old_tests=(place / "old-test.csv",), new_tests=()
    )
    loop.SECONDS_BETWEEN_SAVES = 0.02
    return lambda folder: update_model(
        place / "model", files, UpdateSettings(memory=40), tune_settings(changes), folder, quiet=True
    )


def searching(place: Path) -> Work:
    """Search for the settings of a tiny model: six trials, two finalists with two seeds each, the winner tuned."""
    import optuna  # noqa: F401 - no attempt shall wait for it

    from adapt.search import test_search as promises
    from adapt.tiny import make_checkpoint
    from headwinds.adapt.search.trials import search
    from headwinds.adapt.training import loop

    settings = promises.settings_of(make_checkpoint(place / "checkpoint"))
    loop.SECONDS_BETWEEN_SAVES = 0.02
    return lambda folder: search(promises.FILES, settings, promises.SPACE, promises.PLAN, folder, quiet=True)


WORKS: dict[str, Callable[[Path], Work]] = {
    "tuning": tuning,
    "scoring": scoring,
    "pretraining": pretraining,
    "updating": updating,
    "searching": searching,
}
# What holds a clock, and is no part of what comes out: how fast this machine was, when a trial began.
OF_THE_CLOCK = ("plan", "speed.json", "cost.json", ".lock", "search.db")


def attempt(work: Work, folder: Path, seconds: float | None) -> bool:
    """Run `work` in a child; kill it after `seconds`. Returns whether it was killed before it ended."""
    child = os.fork()
    if child == 0:
        try:
            work(folder)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise RuntimeError("the work failed by itself")
    return False


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in OF_THE_CLOCK
    }


def kill_at_random(name: str, kills: int, seed: int, place: Path) -> dict[str, object]:
    """Kill `name` until `kills` kills have landed, two or three to a run; say how many runs ended with other bytes."""
    work = WORKS[name](place)
    started = time.monotonic()
    attempt(work, place / "whole", None)
    whole_seconds = time.monotonic() - started
    expected = digests(place / "whole")
    generator = random.Random(seed)
    landed = runs = different = 0
    while landed < kills:
        folder = place / f"run-{runs}"
        for _ in range(min(generator.choice((2, 3)), kills - landed)):
            landed += attempt(work, folder, generator.uniform(0.02, 0.95) * whole_seconds)
        attempt(work, folder, None)
        runs += 1
        different += digests(folder) != expected
        sys.stderr.write(f"{name}: {landed} kills, {runs} runs ended, {different} with other bytes\n")
    return {
        "work": name,
        "files": len(expected),
        "kills": landed,
        "runs": runs,
        "different": different,
        "seconds": round(whole_seconds, 2),
    }


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)
    what, how_many, chance, where = sys.argv[1:]
    sys.stdout.write(json.dumps(kill_at_random(what, int(how_many), int(chance), Path(where))) + "\n")
