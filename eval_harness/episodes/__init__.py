"""One episode while it is played."""
