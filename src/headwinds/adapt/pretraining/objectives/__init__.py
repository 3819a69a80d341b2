"""What is learnt from text alone: one file an objective."""
