"""One file a way of adapting; `registry` knows them by name."""
