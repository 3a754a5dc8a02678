"""The dataset of an agent with tools: tables, card, loading, publishing."""
