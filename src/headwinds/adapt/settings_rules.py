"""What settings of a tuning may be: bounds and names one by one, and what cannot be set together."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from headwinds.adapt.constraints.grammar import read_grammar
from headwinds.adapt.methods.registry import BY_GRADIENT, METHODS
from headwinds.adapt.tasks.registry import TASKS
from headwinds.contracts.limits import (
    above_zero,
    at_least_zero,
    require,
    require_each,
    require_one_of,
    share_below_one,
)
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings

LARGEST_COUNT = 1_000_000
OF_CLASSES = (
    "text-classification",
    "ordinal-classification",
    "relation-extraction",
)  # a row has a class, or several
PRECISIONS = ("auto", "float32", "bfloat16")
NAMES = {
    "task": TASKS,
    "method": METHODS,
    "pooling": ("mean", "normalised-mean", "smooth-maximum"),
    "class_weights": ("none", "balanced"),
    "resampling": ("none", "balanced"),
    "calibration": ("temperature", "isotonic"),
    "device": ("auto", "cpu", "cuda"),
    "sharding": ("none", "full"),
    "precision": PRECISIONS,
    "scoring_precision": (*PRECISIONS, "int8", "openvino-int8"),
    "schedule": ("linear", "inverse-sqrt"),
    "long_inputs": ("tell", "refuse"),
    "retrieval": ("encoder", "tf-idf"),
    "augment": ("", "easy", "masked", "back-translation", "generated"),
}
ABOVE_ZERO = (
    "batch_tokens",
    "epochs",
    "patience",
    "gradient_clip",
    "rank",
    "virtual_tokens",
    "beams",
    "verbaliser_words",
    "samples",
    "augment_copies",
    "private_clip",
    "private_batch",
    "processes",
)
LARGEST_EPSILON = 50
AT_LEAST_ZERO = (
    "learning_rate",
    "head_learning_rate",
    "weight_decay",
    "max_tokens",
    "focal_gamma",
    "micro_batch_tokens",
    "temperature",
    "min_new_tokens",
    "max_new_tokens",
    "demonstrations",
    "private_epsilon",
    "seed",
)
SHARES_BELOW_ONE = (
    "abstain_risk",
    "warmup_share",
    "average_decay",
    "head_dropout",
    "encoder_dropout",
    "label_smoothing",
)


def check_tune_settings(settings: TuneSettings) -> None:
    """Refuse what cannot be used, before anything is read.

    Raises
    ------
    SettingsError
        A setting is out of its bounds, or two of them cannot be set together: which, and what was expected.
    """
    _check_each(settings)
    _check_written(settings)
    _check_of_classes(settings)
    _check_private(settings)
    require(
        settings.sharding == "none" or settings.processes > 1,
        "sharding",
        settings.sharding,
        '"none" with processes = 1: there is nobody to share with',
    )
    require(
        not settings.augment_compare or bool(settings.augment),
        "augment_compare",
        settings.augment_compare,
        "false without augment: there is nothing to compare",
    )


def _check_each(settings: TuneSettings) -> None:
    """Every setting by itself."""
    require_each(settings, ABOVE_ZERO, above_zero, "a number above 0")
    require_each(settings, AT_LEAST_ZERO, at_least_zero, "0 or more")
    require_each(settings, SHARES_BELOW_ONE, share_below_one, "a share of at least 0 and below 1")
    between = ("validation_share", "private_delta")
    require_each(settings, between, lambda value: 0 < value < 1, "a share between 0 and 1")
    up_to_one = ("training_share", "top_p")
    require_each(settings, up_to_one, lambda value: 0 < value <= 1, "a share above 0 and at most 1")
    require(settings.vocabulary >= 300, "vocabulary", settings.vocabulary, "300 or more")
    require(settings.folds >= 2, "folds", settings.folds, "2 or more")
    require(settings.frozen_layers >= -1, "frozen_layers", settings.frozen_layers, "-1 or more")
    require(settings.verbaliser_words <= 16, "verbaliser_words", settings.verbaliser_words, "at most 16")
    require_one_of(settings, NAMES)
    for item in fields(settings):
        value = getattr(settings, item.name)
        if isinstance(value, int) and item.name != "seed":  # a fold's derived seed has 64 bits
            require(value <= LARGEST_COUNT, item.name, value, f"at most {LARGEST_COUNT:,}")
        if isinstance(value, float):
            require(value == value and abs(value) < 1e6, item.name, value, "a finite number below 1e6")


def _check_written(settings: TuneSettings) -> None:
    """How texts are written: by beams or by draws, within one kind of constraint."""
    if settings.grammar:
        read_grammar(settings.grammar)  # what cannot be read is told before the training
    require(
        not settings.min_new_tokens or not (settings.choices or settings.grammar),
        "min_new_tokens",
        settings.min_new_tokens,
        "0 where choices or a grammar say what is written",
    )
    require(
        not (settings.choices and settings.grammar), "grammar", settings.grammar, "none where choices are set"
    )
    require(
        bool(settings.prompt_separator),
        "prompt_separator",
        settings.prompt_separator,
        "a text that is not empty",
    )
    require(
        not settings.max_new_tokens or settings.min_new_tokens <= settings.max_new_tokens,
        "min_new_tokens",
        settings.min_new_tokens,
        f"at most max_new_tokens = {settings.max_new_tokens}",
    )
    require(
        settings.temperature == 0 or settings.beams == 1,
        "temperature",
        settings.temperature,
        f"0 with beams = {settings.beams}: tokens are drawn (beams = 1), or beams are searched",
    )
    require(
        settings.samples == 1 or settings.temperature > 0,
        "samples",
        settings.samples,
        "1 with temperature = 0: all would be the same",
    )


def _check_of_classes(settings: TuneSettings) -> None:
    """What needs classes, or labels to learn from, and what is not to be asked for together."""
    _check_rows_have_a_class(settings)
    without_labels = settings.method == "zero-shot" or (
        settings.method == "cloze" and not settings.learn_from_labels
    )
    if settings.resampling != "none":
        if settings.class_weights != "none":
            raise SettingsError(
                f"resampling = {settings.resampling!r} cannot be set with class_weights = "
                f"{settings.class_weights!r}: rare classes would count twice.",
                remedy="Leave one of the two out.",
            )
        if settings.method not in BY_GRADIENT or without_labels:
            raise SettingsError(
                f"resampling = {settings.resampling!r}, but method {settings.method!r} as it is set draws no epochs "
                "of training rows.",
                remedy="Leave it out, or choose a method that trains by gradient on labels.",
            )
    if settings.calibration != "temperature":
        if without_labels:
            raise SettingsError(
                f"calibration = {settings.calibration!r}, but method {settings.method!r} as it is set has no labelled "
                "validation examples.",
                remedy="Leave it out, or choose a method that learns from labels.",
            )
        if settings.abstain_risk:
            raise SettingsError(
                f"calibration = {settings.calibration!r} cannot be set with abstain_risk = "
                f"{settings.abstain_risk:g}: both follow the validation examples, so that the risk would be promised "
                "too low.",
                remedy="Leave one of the two out.",
            )


def _check_rows_have_a_class(settings: TuneSettings) -> None:
    if settings.task in OF_CLASSES:
        return
    for name, off in (
        ("class_weights", "none"),
        ("focal_gamma", 0.0),
        ("resampling", "none"),
        ("calibration", "temperature"),
    ):
        value = getattr(settings, name)
        if value != off:
            raise SettingsError(
                f"{name} = {value!r} needs rows with a class, and those of {settings.task} have none.",
                remedy=f"Leave it out; it is for {', '.join(OF_CLASSES)}.",
            )


def _check_private(settings: TuneSettings) -> None:
    """What private training cannot be used with: a part that would see the training rows without noise."""
    # Twice as much promises no row anything, and is counted in gigabytes: what is spent is summed over steps of a hundredth.
    require(
        settings.private_epsilon <= LARGEST_EPSILON,
        "private_epsilon",
        settings.private_epsilon,
        f"at most {LARGEST_EPSILON}",
    )
    if not settings.private_epsilon:
        return
    needed = {
        "method": "head",
        "task": "text-classification",
        "class_weights": "none",
        "resampling": "none",
        "calibration": "temperature",
        "augment": "",
    }
    for name, value in needed.items():
        own = getattr(settings, name)
        require(own == value, name, own, f"{value!r} with private_epsilon = {settings.private_epsilon:g}")
