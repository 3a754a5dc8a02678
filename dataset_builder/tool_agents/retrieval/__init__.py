"""Retrieval: passages, a BM25 index of them, and a client of retrieval servers."""
