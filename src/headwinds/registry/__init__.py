"""Model versions: content-addressed, immutable, promoted through a gate, rolled back in one command."""
