"""The annotator that needs no language model."""
