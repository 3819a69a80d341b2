"""Readers of published data, and the snapshots that keep what was downloaded."""
