"""Do the poor catch up: beta convergence (of growth), sigma convergence (of dispersion), and convergence in clubs."""

from headwinds.explain.convergence.beta import BetaConvergence, beta_convergence
from headwinds.explain.convergence.clubs import ConvergenceClubs, convergence_clubs
from headwinds.explain.convergence.log_t import LogT, log_t_test
from headwinds.explain.convergence.sigma import SigmaConvergence, sigma_convergence

__all__ = [
    "BetaConvergence",
    "ConvergenceClubs",
    "LogT",
    "SigmaConvergence",
    "beta_convergence",
    "convergence_clubs",
    "log_t_test",
    "sigma_convergence",
]
