"""A checkpoint folder: loading, training record, model card, publishing."""
