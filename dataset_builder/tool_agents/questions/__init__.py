"""Questions for agents with tools: the published sets, and `open`, which is built from two packages."""
