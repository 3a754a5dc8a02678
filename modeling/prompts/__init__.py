"""Prompts: from states to chat messages, from chat messages to tokens, and from answers to actions."""
