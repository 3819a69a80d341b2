"""What may be written: one of a list of texts, or a text of a regular grammar."""
