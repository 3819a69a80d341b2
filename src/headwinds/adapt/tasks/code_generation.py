"""Code generation: a problem is read, code is written, and tests that run confined say whether it is right."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from headwinds.adapt.execution.passes import pass_at_k
from headwinds.adapt.execution.trial import try_code
from headwinds.adapt.tasks.cells import id_cell, text_cell
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.written import TextWriter
from headwinds.adapt.tasks.written_examples import WrittenExamples, references_cell
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.settings import TuneSettings

TOLD_K = (1, 10, 100)


@dataclass(frozen=True, slots=True)
class CodeExamples(WrittenExamples):
    """Problems: the prompts are the texts, right code the references; `tests` are Python, "" where none are known."""

    tests: tuple[str, ...] = ()
    entry_points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeWriter(TextWriter):
    """Several programs may be drawn for a problem; pass@k is unbiased (Chen et al. 2021)."""

    def read(self, rows: Sequence[Row], *, labelled: bool) -> CodeExamples:
        """See the contract."""
        return read_problems(rows, labelled=labelled)

    def targets(
        self,
        examples: WrittenExamples,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> float:
        """As of all tasks that write; code must be known."""
        for place, own in zip(examples.places, examples.references, strict=True):
            if not own:
                raise DataError(
                    f"{place}: code is empty, and there is nothing to learn.", remedy="Write the right code."
                )
        return TextWriter.targets(self, examples, encoded, labels, settings)

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: WrittenExamples,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """See the contract; with the number of programs a problem."""
        found = TextWriter.fit_decoder(self, outputs, examples, rows, encoded, labels, settings)
        return {**found, "samples": settings.samples}

    def decode(
        self,
        outputs: Sequence[Any],
        examples: WrittenExamples,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`code`, a list of the programs drawn; their `tokens`; and whether all `ended`. Nothing is run."""
        entry_points = examples.entry_points if isinstance(examples, CodeExamples) else ()
        return [
            {
                "code": [program(prompt, one.text, entry) for one in own],
                "tokens": sum(one.tokens for one in own),
                "ended": all(one.ended for one in own),
            }
            for own, prompt, entry in zip(outputs, examples.texts, entry_points, strict=True)
        ]

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: WrittenExamples,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """pass@1, and for 10 and 100 where as many programs were drawn; the perplexity of right code where it is known."""
        import numpy as np

        found = {}
        passed = [sum(own) for own in passes(predictions, examples)]
        samples = [len(item["code"]) for item in predictions]
        for k in (k for k in TOLD_K if k <= min(samples)):
            values = np.array([pass_at_k(n, c, k) for n, c in zip(samples, passed, strict=True)])
            found[f"pass_at_{k}"] = weights @ values / weights.sum(axis=1)
        texts = [{"code": item["code"][0], "ended": item["ended"]} for item in predictions]
        return found | TextWriter.metrics(self, texts, examples, labels, weights)

    def mistakes(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: WrittenExamples,
        labels: tuple[str, ...],
    ) -> list[Mistake]:
        """Problems that no program solves."""
        return [
            Mistake(
                row,
                examples.references[row][0] if examples.references[row] else "passes its tests",
                predictions[row]["code"][0],
                1.0,
            )
            for row, own in enumerate(passes(predictions, examples))
            if not any(own)
        ]


def code_generation() -> CodeWriter:
    """The task."""
    return CodeWriter(
        name="code-generation",
        summary="a problem is read, code is written; tests that run confined tell pass@k",
        columns=(
            Column("prompt", "the problem in words, or the head of a function"),
            Column("code", "right code: what is learnt from", label=True),
            Column("tests", "Python with assertions, for the test", needed=False, label=True),
            Column("entry_point", "the name that the code must define", needed=False),
        ),
        main_metric="pass_at_1",
        output="code",
        judge=lambda texts, examples, weights: {},
    )


def read_problems(rows: Sequence[Row], *, labelled: bool) -> CodeExamples:
    """Rows with `prompt`; with `labelled` also `code`, `tests` or both.

    Raises
    ------
    DataError
        A prompt is empty; with `labelled` there is neither code nor a test.
    """
    references: list[tuple[str, ...]] = []
    for row in rows:
        known = labelled and bool(row.values.get("code"))
        references.append(references_cell(row, "code") if known else ())
        if labelled and not known and not row.values.get("tests"):
            raise DataError(
                f"{row.place}: code and tests are both empty.", remedy="Write one, or leave the row out."
            )
    return CodeExamples(
        ids=tuple(id_cell(row) for row in rows),
        places=tuple(row.place for row in rows),
        texts=tuple(text_cell(row, "prompt") for row in rows),
        references=tuple(references),
        tests=tuple(str(row.values.get("tests") or "") if labelled else "" for row in rows),
        entry_points=tuple(str(row.values.get("entry_point") or "") for row in rows),
    )


def program(prompt: str, text: str, entry_point: str) -> str:
    """What is run: the written code, after the prompt where this is the head of the function that the code goes on with.

    Code that defines the function itself stands after what the prompt has before that head: its imports, its helpers.
    """
    name = re.escape(entry_point) if entry_point else r"\w+"
    head = re.search(rf"^(async )?def {name}\b", prompt, flags=re.MULTILINE)
    if head is None:
        return text
    if re.search(rf"^(async )?def {name}\b", text, flags=re.MULTILINE):
        before = prompt[: head.start()]
        return f"{before}{text}" if before.strip() and _is_python(before) else text
    first = "" if text[:1].isspace() else "    "  # written texts come without the space around them
    return f"{prompt.rstrip()}\n{first}{text}\n"


def _is_python(text: str) -> bool:
    """Whether a text can be read as Python, which the words of a problem cannot."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def passes(predictions: Sequence[Mapping[str, Any]], examples: WrittenExamples) -> list[list[bool]]:
    """Of each problem and program: whether the tests hold, run confined.

    Raises
    ------
    DataError
        A problem has no tests.
    SettingsError
        This machine cannot confine a process.
    """
    tests = examples.tests if isinstance(examples, CodeExamples) else ()
    missing = next((place for place, own in zip(examples.places, tests, strict=True) if not own), None)
    if missing is not None:
        raise DataError(f"{missing}: tests is empty, so code cannot be judged.", remedy="Write some.")
    return [
        [_passes(code, own) for code in item["code"]] for item, own in zip(predictions, tests, strict=True)
    ]


@lru_cache(maxsize=8192)
def _passes(code: str, tests: str) -> bool:
    return try_code(code, tests).passed
