"""The Hub dataset: tables, card, loading, publishing."""
