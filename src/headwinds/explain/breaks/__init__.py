"""When a relation changed: breaks in a linear regression, their number, their dates, and how sure the dates are."""

from headwinds.explain.breaks.find import find_breaks
from headwinds.explain.breaks.results import Breaks, BreakTest

__all__ = ["BreakTest", "Breaks", "find_breaks"]
