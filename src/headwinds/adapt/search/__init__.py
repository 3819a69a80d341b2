"""Hyper-parameter search: what may vary, the trials, the finalists over several seeds, and what is kept of it all."""
