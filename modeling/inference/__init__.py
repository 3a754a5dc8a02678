"""Search, backends and constrained decoding."""
