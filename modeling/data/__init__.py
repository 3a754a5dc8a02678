"""Training examples: token ids, augmentation, tokenizer."""
