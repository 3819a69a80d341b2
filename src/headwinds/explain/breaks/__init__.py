"""When a relation changed: breaks in a regression or a panel, their number, their dates, and how sure the dates are."""

from headwinds.explain.breaks.common_breaks import find_common_breaks
from headwinds.explain.breaks.common_results import CommonBreaks
from headwinds.explain.breaks.find import find_breaks
from headwinds.explain.breaks.results import Breaks, BreakTest

__all__ = ["BreakTest", "Breaks", "CommonBreaks", "find_breaks", "find_common_breaks"]
