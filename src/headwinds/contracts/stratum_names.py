"""The name of a design stratum: the values of its columns, parted by " / ", and the values again out of the name.

What stands before the first " / " is the stratum proper, over which corrections may be pooled; the rest cuts it further, by
period for instance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PARTING = " / "
_SLASHES = re.compile(r"(?<![^ ])/+(?![^ ])")  # alone between blanks or ends, as the parting's is
_LONGER = re.compile(r"(?<![^ ])//+(?![^ ])")


def joined_stratum(values: Sequence[str]) -> str:
    """One name out of the values of several columns.

    A value that holds the parting itself gets a slash more there, so that no two rows of values have one name. The value of
    a single column is the name as it stands: it may be one that was joined before, as `headwinds sample` writes them.

    Examples
    --------
    >>> joined_stratum(["none", "1990-2000"])
    'none / 1990-2000'
    >>> joined_stratum(["Food / Beverages", "1990"])
    'Food // Beverages / 1990'
    """
    if len(values) == 1:
        return values[0]
    return PARTING.join(_SLASHES.sub(r"\g<0>/", value) if "/" in value else value for value in values)


def stratum_values(name: str) -> list[str]:
    """The values that a name was joined from.

    Examples
    --------
    >>> stratum_values("Food // Beverages / 1990")
    ['Food / Beverages', '1990']
    """
    return [_LONGER.sub(lambda found: found.group()[:-1], part) for part in name.split(PARTING)]
