"""One file a way of adapting."""
