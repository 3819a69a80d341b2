"""The study file, the plan of stages, the run."""
