"""Fitted models over HTTP: it calls what the command line calls, and owns no logic of models."""
