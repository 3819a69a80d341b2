"""Documents in: readers, encodings, codebooks, gold, duplicates, splits."""
