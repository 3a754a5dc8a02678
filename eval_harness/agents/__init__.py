"""Agents by name: learned ones, baselines, ablations."""
