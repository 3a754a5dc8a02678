"""Runs inside the sandbox. It needs only the standard library, and the parent imports nothing of it."""
