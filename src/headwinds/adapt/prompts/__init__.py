"""Prompts: a text is put into a pattern, and what a model holds to come next or between tells its label."""
