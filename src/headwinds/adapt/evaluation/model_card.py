"""The card of a model: what it does, what it was made from, how it does, where it errs; Markdown, no example's text.

It stands beside the model, not in it, and no digest of the model has it: it is in the language that is spoken when made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.evaluation.shown import (
    shown_interval,
    shown_label,
    shown_name,
    shown_number,
    shown_order,
    shown_value,
    told_draws,
    told_finding,
    told_mistakes,
    told_none_wrong,
    told_unbounded,
)
from headwinds.adapt.held_out import held_lines
from headwinds.adapt.methods.registry import IMPORTED
from headwinds.adapt.tasks.contract import writes
from headwinds.phrases.catalogue import written

if TYPE_CHECKING:
    from headwinds.adapt.evaluation.task_evaluation import TaskEvaluation
    from headwinds.adapt.fitted_model import ModelFacts
    from headwinds.adapt.tasks.contract import Task
    from headwinds.contracts import Interval

MOST_LABELS = 40
MOST_SLICES = 5


def model_card(facts: ModelFacts, task: Task[Any], evaluation: TaskEvaluation) -> str:
    """The card as Markdown."""
    lines = [
        f"# {written(task.name)}",
        "",
        written(f"Task: {task.summary}."),
        written(
            f"Imported as it was from checkpoint `{facts.checkpoint}`: it was not tuned here."
            if facts.method == IMPORTED
            else f"Adapted from checkpoint `{facts.checkpoint}` by method `{facts.method}`; "
            f"{facts.training_examples:,} training and {facts.validation_examples:,} validation examples."
        ),
        "",
        f"| {written('a row holds')} | |",
        "| --- | --- |",
        *(f"| `{column.name}` | {written(column.meaning)} |" for column in task.columns if not column.label),
        "",
    ]
    if facts.labels:
        shown = ", ".join(f"`{name}`" for name in facts.labels[:MOST_LABELS])
        more = f" and {len(facts.labels) - MOST_LABELS} more" if len(facts.labels) > MOST_LABELS else ""
        lines += [written(f"Labels: {shown}{more}."), ""]
    lines += [
        f"## {written('How it does')}",
        "",
        written(
            f"On {evaluation.examples:,} test examples; 95 % bootstrap intervals, {told_draws(evaluation)}."
        ),
        *(written(line) for line in held_lines(evaluation.held_out)),
        "",
        *_head("metric", "value", "interval"),
        *(_line(name, evaluation.metrics[name]) for name in _ordered(evaluation)),
        "",
        *(line for one in told_unbounded(evaluation) for line in (written(one), "")),
        written(
            f"{told_mistakes(facts.task, evaluation.mistakes, 'predicted wrongly')}; `errors.jsonl` has them, "
            f"{'the farthest' if writes(task) else 'the surest'} first."
            if evaluation.mistakes
            else told_none_wrong(facts.task, evaluation.metrics)
        ),
        "",
    ]
    if evaluation.differences:
        lines += [
            written("Minus the other model, on the same draws:"),
            "",
            *_head("metric", "value", "interval"),
        ]
        lines += [
            _line(name, evaluation.differences[name])
            for name in _ordered(evaluation)
            if name in evaluation.differences
        ]
        lines += [""]
    if evaluation.confusions:
        lines += _head("true", "given", "times")
        lines += [
            f"| {_cell(shown_label(one.true, facts.labels))} | {_cell(shown_label(one.given, facts.labels))} | {one.count} |"
            for one in evaluation.confusions
        ]
        lines += [""]
    for column in dict.fromkeys(one.column for one in evaluation.slices):
        own = [one for one in evaluation.slices if one.column == column]
        lines += [
            written(
                f"Worst values of `{shown_value(column, own[0].value)[0]}`, {shown_name(evaluation.main_metric)}:"
            ),
            "",
        ]
        lines += _head("value", "examples", "metric")
        lines += [
            f"| {_cell(shown_value(column, one.value)[1])} | {one.examples:,} | {written(shown_number(one.metric))} |"
            for one in own[:MOST_SLICES]
        ]
        lines += [""]
    if evaluation.findings:
        lines += [*(f"- {told_finding(finding)}" for finding in evaluation.findings), ""]
    rests = [
        *(_writing(facts) if writes(task) else _predicted(facts)),
        *_private(facts),
        f"SHA-256 of the data {facts.data_digest[:12]}, the code {facts.code_digest[:12]}, "
        f"the checkpoint {facts.checkpoint_digest[:12]}.",
    ]
    limits = (
        "It knows the labels and the kind of text that it was trained on. "
        "On text of another kind or time, test it again."
    )
    lines += [
        f"## {written('What it rests on')}",
        "",
        *(f"- {written(one)}" for one in rests),
        "",
        written(limits),
    ]
    return "\n".join(lines) + "\n"


def _predicted(facts: ModelFacts) -> list[str]:
    kept = facts.decoder.get("prompt", {}).get("demonstrations", ())
    return [
        f"Windows of at most {facts.max_tokens} tokens; longer texts are read in several, whole.",
        f"Predicts in {facts.precision}. Probabilities are the checkpoint's own: they were not calibrated here."
        if facts.method == IMPORTED
        else f"Predicts in {facts.precision}. Probabilities were calibrated on the validation examples.",
        *(
            [
                f"**It holds texts.** `model.json` keeps all {len(kept):,} training examples with their labels, word for "
                "word, because they are shown beside what is asked. Whoever gets the model gets them: where they hold "
                "personal data, pass it on only as you would pass on the training file."
            ]
            if kept
            else []
        ),
    ]


def _private(facts: ModelFacts) -> list[str]:
    """What a training in private spent: whoever gets the model must know what it promises, and what not."""
    spent = facts.decoder.get("privacy")
    if not spent:
        return []
    seed = (
        ""
        if spent["secret"]
        else " The noise hangs on a seed, so this holds only against who does not know it."
    )
    return [
        f"**Trained in private.** Epsilon {spent['epsilon']:.2f} at delta {spent['delta']:g} for one training row, by the "
        f"accountant {spent['accountant']}. Not covered: {spent['not_covered']}.{seed}"
    ]


def _writing(facts: ModelFacts) -> list[str]:
    end = "end" if facts.task == "dialogue" else "beginning"
    writing = facts.decoder["writing"]
    how = (
        f"draws tokens at temperature {writing['temperature']:g}"
        if writing["temperature"]
        else f"searches with {writing['beams']} beams"
    )
    return [
        f"Reads at most {facts.max_tokens} tokens; longer texts are read from their {end}, "
        "and each prediction says what share was read.",
        f"Writes at most {writing['max_new_tokens']} tokens; {how}. What it writes may be untrue.",
    ]


def _ordered(evaluation: TaskEvaluation) -> list[str]:
    names = shown_order(evaluation.metrics, evaluation.main_metric)
    single = [name for name in names if "[" in name]
    return [name for name in names if name not in single[MOST_LABELS:]]


def _head(*names: str) -> list[str]:
    """The first two lines of a table."""
    return [f"| {' | '.join(map(written, names))} |", f"|{' --- |' * len(names)}"]


def _line(name: str, item: Interval) -> str:
    value, interval = written(shown_number(item.value)), written(shown_interval(item))
    return f"| {_cell(written(shown_name(name)))} | {value} | {interval} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
