"""Sweeps over held-out topics and model sizes."""
