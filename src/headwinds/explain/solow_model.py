"""The augmented Solow model in a cross-section of countries (Mankiw, Romer and Weil 1992), with what its coefficients imply.

Level (their equations 7 and 11), with s investment, h schooling and n + g + d in shares:

    ln y = c + a/(1-a-b) ln s + b/(1-a-b) ln h - (a+b)/(1-a-b) ln(n+g+d)

Convergence (equation 16) over t years, with initial income y0 and speed l:

    ln y - ln y0 = c + k [a/(1-a-b) ln s + b/(1-a-b) ln h - (a+b)/(1-a-b) ln(n+g+d) - ln y0],     k = 1 - exp(-l t)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.contracts.result import Result, number
from headwinds.errors import DataError, EstimationError, SettingsError, quoted
from headwinds.explain.panel_data import require_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SolowEstimate(Result):
    """The regression, the regression that imposes the model's restriction, and what they imply.

    Attributes
    ----------
    unrestricted, restricted
        Coefficients with classical standard errors, as published; `restricted` imposes that the coefficients of the shares
        and of ln(n+g+d) add up to zero. None where the model has no investment.
    implied
        `capital_share` (a), `human_capital_share` (b) from the restricted regression; `speed` (l, per year) and
        `half_life` (years) from the unrestricted one. Standard errors by the delta method.
    adjusted_r_squared, residual_standard_error
        Of the unrestricted regression.
    restriction_p_value
        Of the F test of the restriction; NaN where there is none.
    """

    unrestricted: Estimate
    restricted: Estimate | None
    implied: Estimate | None
    adjusted_r_squared: float
    residual_standard_error: float
    restriction_p_value: float
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> pd.DataFrame:
        """One row a coefficient or implied value: `equation`, `name`, `value`, `standard_error`, `lower`, `upper`."""
        import pandas as pd

        parts = {"unrestricted": self.unrestricted, "restricted": self.restricted, "implied": self.implied}
        tables = [one.table.assign(equation=name) for name, one in parts.items() if one is not None]
        table = pd.concat(tables, ignore_index=True)
        return table[["equation", "name", "value", "standard_error", "lower", "upper"]]

    def summary(self) -> str:
        """The regression and what it implies."""
        lines = [
            self.unrestricted.summary(),
            f"Adjusted R squared {number(self.adjusted_r_squared)}, residual standard error "
            f"{number(self.residual_standard_error)}.",
        ]
        if self.restricted is not None:
            lines.append(f"p-value of the model's restriction: {number(self.restriction_p_value)}")
        if self.implied is not None:
            lines += [
                f"Implied {row.name}: {number(row.value, 4)}, standard error {number(row.standard_error, 4)}"
                for row in self.implied.table.itertuples()
            ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The coefficients of the unrestricted regression with their intervals."""
        return self.unrestricted.plot()


def solow(
    table: pd.DataFrame,
    *,
    output: str,
    investment: str | None = None,
    population_growth: str | None = None,
    schooling: str | None = None,
    initial: str | None = None,
    growth_and_depreciation: float = 0.05,
    years: float = 25.0,
) -> SolowEstimate:
    """Regress log output per person on what the Solow model says it depends on; with `initial`, estimate convergence.

    Parameters
    ----------
    table
        One row a country.
    output
        Output per person at the end, positive.
    investment, population_growth, schooling
        Columns as shares (0.24, not 24): of investment in output, annual growth of the working-age population, share of the
        working-age population in secondary school. Investment and population growth come together or not at all; without
        them and with `initial` the regression is of unconditional convergence.
    initial
        Output per person at the beginning; the outcome is then ln(output / initial).
    growth_and_depreciation
        g + d, added to population growth.
    years
        Between the two, for the speed of convergence.

    Raises
    ------
    DataError
        A column is missing, or a value is missing, not positive, or a percentage where a share is expected.
    SettingsError
        There is no regressor, or investment comes without population growth.
    EstimationError
        There are not more countries than coefficients, or regressors are collinear.
    """
    import numpy as np
    from scipy import stats

    if (investment is None) != (population_growth is None) or (schooling is not None and investment is None):
        raise SettingsError(
            "The Solow model needs investment and population growth together.",
            remedy="Name both, or neither.",
        )
    if investment is None and initial is None:
        raise SettingsError(
            "There is no regressor.", remedy="Name investment and population_growth, or initial."
        )
    logs = _logs(table, output, investment, population_growth, schooling, initial, growth_and_depreciation)
    outcome = logs["output"] - (logs["initial"] if initial is not None else 0)
    names = [name for name in ("investment", "population", "schooling", "initial") if name in logs]
    shown = {"investment": "ln s", "population": "ln(n+g+d)", "schooling": "ln h", "initial": "ln initial"}
    words = f"ln {output}" + (f" - ln {initial}" if initial is not None else "")
    full = _fit(outcome, {shown[name]: logs[name] for name in names}, words)
    restricted, p_value = None, float("nan")
    if investment is not None:
        differences = {
            f"{shown[name]} - ln(n+g+d)": logs[name] - logs["population"]
            for name in names
            if name in ("investment", "schooling")
        }
        if initial is not None:
            differences["ln initial"] = logs["initial"]
        restricted = _fit(outcome, differences, words)
        freedom = full.estimate.degrees_of_freedom
        statistic = (restricted.squares - full.squares) / (full.squares / freedom)
        p_value = float(stats.f.sf(statistic, 1, freedom))
    implied = _implied(full, restricted, schooling is not None, initial is not None, years)
    return SolowEstimate(
        unrestricted=full.estimate,
        restricted=restricted.estimate if restricted is not None else None,
        implied=implied,
        adjusted_r_squared=full.adjusted,
        residual_standard_error=float(np.sqrt(full.squares / full.estimate.degrees_of_freedom)),
        restriction_p_value=p_value,
        findings=implied.findings if implied is not None else (),
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    estimate: Estimate
    squares: float
    adjusted: float


def _logs(
    table: pd.DataFrame,
    output: str,
    investment: str | None,
    population_growth: str | None,
    schooling: str | None,
    initial: str | None,
    added: float,
) -> dict[str, NDArray[np.float64]]:
    import numpy as np
    import pandas as pd

    chosen = {
        "output": output,
        "investment": investment,
        "population": population_growth,
        "schooling": schooling,
        "initial": initial,
    }
    columns = {name: column for name, column in chosen.items() if column is not None}
    require_columns(table, list(columns.values()), "The table of countries")
    logs = {}
    for name, column in columns.items():
        values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
        share = name in ("investment", "population", "schooling")
        if share and np.nanmax(np.abs(values), initial=0) > 1:
            raise DataError(
                f"Column {column!r} reaches {np.nanmax(np.abs(values)):g}; a share between 0 and 1 is expected.",
                remedy="Divide percentages by 100.",
            )
        values = values + added if name == "population" else values
        wrong = np.flatnonzero(~(values > 0) | ~np.isfinite(values))
        if wrong.size:
            raise DataError(
                f"Column {column!r}, row {table.index[int(wrong[0])]}: {quoted(table[column].iloc[int(wrong[0])])}; "
                f"a positive number is expected (such rows: {wrong.size}).",
                remedy="Leave out the countries without data first, so that it is seen.",
            )
        logs[name] = np.log(values)
    return logs


def _fit(outcome: NDArray[np.float64], regressors: Mapping[str, NDArray[np.float64]], words: str) -> _Fit:
    """Ordinary least squares with classical standard errors, by pyfixest."""
    import numpy as np
    import pandas as pd
    import pyfixest

    names = ("constant", *regressors)
    count = len(outcome)
    design = np.column_stack([np.ones(count), *regressors.values()])
    if count <= len(names):
        raise EstimationError(
            f"{count} countries cannot identify {len(names)} coefficients.", remedy="Take more countries."
        )
    if np.linalg.matrix_rank(design) < len(names):
        raise EstimationError(
            f"The regressors {', '.join(regressors)} are collinear.", remedy="Leave one out."
        )
    columns = [f"x{place}" for place in range(len(regressors))]
    frame = pd.DataFrame(design[:, 1:], columns=columns).assign(y=outcome)
    fitted = pyfixest.feols(f"y ~ {' + '.join(columns)}", frame, vcov="iid")
    value = fitted.coef().to_numpy(dtype=float)
    covariance = np.asarray(fitted._vcov, dtype=float)
    residual = outcome - design @ value
    squares = float(residual @ residual)
    freedom = count - len(names)
    spread = float(((outcome - outcome.mean()) ** 2).sum())
    estimate = Estimate(
        names=names,
        value=value,
        standard_error=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        method="ordinary least squares",
        estimand=f"How {words} is associated with {', '.join(regressors)} across {count} countries.",
        variation="differences between countries.",
        absorbed="nothing but the constant.",
        units="log points per log point",
        observations=count,
        clusters=count,
        degrees_of_freedom=freedom,
    )
    adjusted = 1 - (squares / freedom) / (spread / (count - 1)) if spread > 0 else float("nan")
    return _Fit(estimate, squares, adjusted)


def _implied(
    full: _Fit, restricted: _Fit | None, with_schooling: bool, with_initial: bool, years: float
) -> Estimate | None:
    """Shares of income and the speed of convergence; the covariance between the two regressions is not known, so NaN."""
    import numpy as np

    blocks = []
    if restricted is not None:
        names = ("capital_share", "human_capital_share")[: 1 + with_schooling]
        blocks.append((names, *_shares(restricted.estimate, len(names), with_initial)))
    if with_initial:
        blocks.append((("speed", "half_life"), *_speed(full.estimate, years)))
    if not blocks:
        return None
    every = [name for names, _, _ in blocks for name in names]
    value = np.concatenate([values for _, values, _ in blocks])
    covariance = np.full((len(every), len(every)), np.nan)
    start = 0
    for names, _, block in blocks:
        covariance[start : start + len(names), start : start + len(names)] = block
        start += len(names)
    findings = []
    if with_initial and np.isnan(value[-1]):
        findings.append(
            Finding(
                "W428",
                f"Countries did not converge (speed {number(value[-2], 4)} per year): there is no half-life.",
                "Condition on what differs between countries in the steady state.",
            )
        )
    return Estimate(
        names=tuple(every),
        value=value,
        standard_error=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        method="delta method",
        estimand="What the Solow model would have to be to give these coefficients.",
        variation="differences between countries.",
        absorbed="nothing but the constant.",
        units="shares of income; per year; years",
        observations=full.estimate.observations,
        clusters=full.estimate.clusters,
        degrees_of_freedom=full.estimate.degrees_of_freedom,
        findings=tuple(findings),
    )


def _shares(
    estimate: Estimate, size: int, with_initial: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level: each coefficient is a share over (1 - sum of shares). Convergence: k times that, and -k on initial income."""
    import numpy as np

    own = estimate.value[1 : 1 + size]
    kept = slice(1, 1 + size + with_initial)
    scale = -estimate.value[1 + size] if with_initial else 1.0
    whole = scale + own.sum()
    jacobian = np.eye(size) / whole - np.outer(own, np.ones(size)) / whole**2
    if with_initial:
        jacobian = np.column_stack([jacobian, own / whole**2])
    covariance: NDArray[np.float64] = jacobian @ estimate.covariance[kept, kept] @ jacobian.T
    return own / whole, covariance


def _speed(estimate: Estimate, years: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """L = -ln(1 + coefficient of initial income) / t, and ln 2 / l; NaN where they are not defined."""
    import numpy as np

    slope, variance = float(estimate.value[-1]), float(estimate.covariance[-1, -1])
    if slope <= -1:
        return np.full(2, np.nan), np.full((2, 2), np.nan)
    speed = -np.log1p(slope) / years
    gradient = np.array([-1 / ((1 + slope) * years), np.nan])
    if speed > 0:
        gradient[1] = -np.log(2) / speed**2 * gradient[0]
    half = np.log(2) / speed if speed > 0 else np.nan
    return np.array([speed, half]), np.outer(gradient, gradient) * variance
