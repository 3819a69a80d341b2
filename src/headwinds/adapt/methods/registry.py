"""The methods by name. A new method is a file beside this one and a line here."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Method

PARAMETER_EFFICIENT = ("lora", "dora", "ia3", "prefix", "prompt", "p-tuning")
METHODS = ("full", "head", "bitfit", *PARAMETER_EFFICIENT, "few-shot", "zero-shot")


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
    if name == "few-shot":
        from headwinds.adapt.methods.few_shot import FewShot

        return FewShot()
    if name == "zero-shot":
        from headwinds.adapt.methods.zero_shot import ZeroShot

        return ZeroShot()
    if name in PARAMETER_EFFICIENT:
        from headwinds.adapt.methods.parameter_efficient import ParameterEfficient

        return ParameterEfficient(name)
    near = get_close_matches(name, METHODS, n=1)
    raise SettingsError(
        f"There is no method {name!r}.{f' Did you mean {near[0]!r}?' if near else ''}",
        remedy=f"Known: {', '.join(METHODS)}.",
    )
