"""Running code that nobody has read: in a process that can compute and answer, and nothing else."""
