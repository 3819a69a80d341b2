"""A fitted model's later life: has its world shifted, and how is it brought up to date without forgetting."""
