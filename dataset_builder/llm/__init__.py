"""Clients of OpenAI-compatible servers: requests, stored completions, token budget."""
