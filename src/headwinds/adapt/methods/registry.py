"""The methods by name. A new method is a file beside this one and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.tasks.contract import writes
from headwinds.contracts.suggestions import nearest
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Method
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task

PARAMETER_EFFICIENT = ("lora", "dora", "ia3", "prefix", "prompt", "p-tuning")
WRITING = ("full", "bitfit", "adapter", *PARAMETER_EFFICIENT)  # what tasks can be done by that write
METHODS = (
    "full",
    "head",
    "bitfit",
    "adapter",
    *PARAMETER_EFFICIENT,
    "few-shot",
    "zero-shot",
    "cloze",
    "in-context",
)
IMPORTED = (
    "imported"  # what a model's facts say where a checkpoint was taken as it is; no method that can be set
)
PROMPTING = ("cloze", "in-context")
BY_GRADIENT = (*WRITING, "head", "cloze")  # what takes steps on the task's own loss, and may share them


def get_method(name: str) -> Method:
    """The method of that name.

    Raises
    ------
    SettingsError
        There is none.
    """
    if name == "full":
        from headwinds.adapt.methods.full import Full

        return Full()
    if name == "head":
        from headwinds.adapt.methods.head import Head

        return Head()
    if name == "bitfit":
        from headwinds.adapt.methods.bitfit import BitFit

        return BitFit()
    if name == "adapter":
        from headwinds.adapt.methods.bottleneck import Bottleneck

        return Bottleneck()
    if name == "few-shot":
        from headwinds.adapt.methods.few_shot import FewShot

        return FewShot()
    if name == "zero-shot":
        from headwinds.adapt.methods.zero_shot import ZeroShot

        return ZeroShot()
    if name == "cloze":
        from headwinds.adapt.methods.cloze import Cloze

        return Cloze()
    if name == "in-context":
        from headwinds.adapt.methods.in_context import InContext

        return InContext()
    if name in PARAMETER_EFFICIENT:
        from headwinds.adapt.methods.parameter_efficient import ParameterEfficient

        return ParameterEfficient(name)
    raise SettingsError(
        f"There is no method {name!r}.{nearest(name, METHODS)}",
        remedy=f"Known: {', '.join(METHODS)}.",
    )


def method_for(settings: TuneSettings) -> Method:
    """The method that is set, as it is set: "cloze" learns from labels or from none.

    Raises
    ------
    SettingsError
        There is no such method.
    """
    if settings.method == "cloze" and not settings.learn_from_labels:
        from headwinds.adapt.methods.cloze import Cloze

        return Cloze(validates=False, learns=False)
    return get_method(settings.method)


def require_suited(method: Method, task: Task[Any]) -> None:
    """Refuse a method by which the task cannot be done.

    Raises
    ------
    SettingsError
        The method trains a layer on an encoder's states, and the task writes texts.
    """
    if writes(task) and method.name not in WRITING:
        raise SettingsError(
            f"method {method.name!r} cannot be used with {task.name}: it trains a layer on an encoder's states, "
            "and this task writes texts.",
            remedy=f"Choose one of {', '.join(WRITING)}.",
        )


RECOMPUTING = ("full", "bitfit", "adapter", "lora", "dora", "ia3", "prompt", "p-tuning", "cloze")


def require_recomputable(method: Method, settings: TuneSettings) -> None:
    """Refuse to compute layers again on the way back where a method trains none, or hands them something beside the text.

    Raises
    ------
    SettingsError
        The method is such a one.
    """
    if settings.activation_checkpointing and (method.name not in RECOMPUTING or not method.learns):
        raise SettingsError(
            f"activation_checkpointing = True cannot be used with method {method.name!r}.",
            remedy=f"Leave it out, or choose one of {', '.join(RECOMPUTING)}.",
        )


def require_shareable(method: Method, settings: TuneSettings) -> None:
    """Refuse several processes for a method that they would not help.

    Raises
    ------
    SettingsError
        The method takes no steps on the task's own loss, or each of its steps is one row's at a time.
    """
    if settings.processes == 1:
        return
    if method.name not in BY_GRADIENT or not method.learns:
        raise SettingsError(
            f"processes = {settings.processes}, but method {method.name!r}"
            f"{'' if method.learns else ' without labels'} takes no gradient steps that could be shared.",
            remedy=f"Leave it at 1, or choose one of {', '.join(BY_GRADIENT)}.",
        )
    if settings.private_epsilon:
        raise SettingsError(
            f"processes = {settings.processes}, but private training takes the gradient of each row by itself.",
            remedy="Leave it at 1.",
        )
