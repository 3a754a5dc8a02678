"""The page, its handlers and its API."""
