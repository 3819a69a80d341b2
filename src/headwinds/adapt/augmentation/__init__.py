"""Augmentation: copies of training rows with other words and the same labels, and what they gain."""
