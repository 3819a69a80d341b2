"""Do the intervals cover as often as they say? Every estimator, where its assumptions hold and where they fail."""
