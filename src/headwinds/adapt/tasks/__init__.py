"""One file a task: encoding, head and loss, decoding, metrics."""
