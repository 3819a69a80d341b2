"""Growth with the index: panel data, accounts, regressions, power."""
