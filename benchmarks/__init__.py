"""Longer proofs than the tests are: each writes the table beside it."""
