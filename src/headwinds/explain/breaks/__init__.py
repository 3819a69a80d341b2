"""When a relation changed: breaks in a linear regression, their number, their dates, and how sure the dates are."""

from headwinds.explain.breaks.find import Breaks, BreakTest, find_breaks

__all__ = ["BreakTest", "Breaks", "find_breaks"]
