"""Metrics with intervals, calibration, thresholds, baselines."""
