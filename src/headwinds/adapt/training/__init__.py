"""Batches, precision, optimiser, loop, checkpoints."""
