"""The pages on which people read, over HTTP: they render and call, and own no logic."""
