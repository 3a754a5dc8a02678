"""The rules of an evaluation."""
