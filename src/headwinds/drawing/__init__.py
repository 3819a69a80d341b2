"""How every figure looks and how it becomes bytes: for results that draw themselves, and for the report."""
