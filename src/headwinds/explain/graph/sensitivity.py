"""How strong an unobserved common cause would have to be to explain an association away."""

from __future__ import annotations

from math import inf, nan, sqrt


def robustness_value(t: float, freedom: int, *, share: float = 1.0, size: float | None = None) -> float:
    """The share of what is left of cause and outcome that a confounder must explain, of both alike.

    Cinelli and Hazlett (2020, eq. 17 and 18): with f the absolute t over the root of the degrees of freedom, times `share`,
    less the critical f of the test where `size` is given, RV = (sqrt(f^4 + 4 f^2) - f^2) / 2. With so few degrees of freedom
    that f is above 1 over the critical f, a confounder that explains as much of the outcome as of the cause would sharpen
    the test; one that explains less of the outcome is enough, and RV = (f^2 - critical f^2) / (1 + f^2).

    Parameters
    ----------
    t, freedom
        The coefficient's t with classical errors, and its degrees of freedom.
    share
        How much of the estimate is to be explained away: 1 brings it to zero.
    size
        None for the estimate itself; 0.05 for its significance at 5 %.

    Examples
    --------
    >>> round(robustness_value(4.18445, 783), 5), round(robustness_value(4.18445, 783, size=0.05), 5)
    (0.13878, 0.07626)
    """
    if t != t or freedom < 2:
        return nan
    f, critical = share * abs(t) / sqrt(freedom), 0.0
    if size is not None:
        from scipy.stats import t as student

        critical = float(student.ppf(1 - size / 2, freedom - 1)) / sqrt(freedom - 1)
    if f <= critical:
        return 0.0
    if f * critical > 1:
        return (f**2 - critical**2) / (1 + f**2)
    f -= critical
    return (sqrt(f**4 + 4 * f**2) - f**2) / 2


def partial_r_squared(t: float, freedom: int) -> float:
    """Share of what is left of the outcome that a regressor explains: t^2 / (t^2 + degrees of freedom)."""
    return t**2 / (t**2 + freedom)


def proportional_selection(
    *,
    short: float,
    medium: float,
    short_r_squared: float,
    medium_r_squared: float,
    cause_variance: float,
    cause_left: float,
    outcome_variance: float,
    most: float | None = None,
) -> float:
    """How much stronger than observed controls unobserved ones must be selected on, to bring the coefficient to zero.

    Oster (2019, proposition 3): delta for a true coefficient of 0. Above 1 in size the unobserved would have to matter more
    than what was observed; negative if controlling moves the coefficient away from zero.

    Parameters
    ----------
    short, medium
        The coefficient without controls and with them.
    short_r_squared, medium_r_squared
        Of the same regressions.
    cause_variance, cause_left
        Variance of the cause, and what is left of it after the controls.
    most
        R squared if everything were observed; None takes 1.3 times the medium one, at most 1 (Oster's rule).
    """
    top = min(1.3 * medium_r_squared, 1.0) if most is None else most
    moved = short - medium
    gained = (medium_r_squared - short_r_squared) * outcome_variance
    left = (top - medium_r_squared) * outcome_variance
    cubic = medium**3 * (cause_left * cause_variance - cause_left**2)
    square = medium**2 * cause_left * moved * cause_variance
    above = (
        medium * gained * cause_left + medium * cause_variance * cause_left * moved**2 + 2 * square + cubic
    )
    below = left * moved * cause_variance + medium * left * (cause_variance - cause_left) + square + cubic
    return above / below if below else inf
