"""Things on disk: atomic writes, manifests, fingerprints, the stage cache, locks, seeds."""
