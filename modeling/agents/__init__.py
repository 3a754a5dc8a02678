"""Agents that act by trained models."""
