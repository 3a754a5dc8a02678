"""The Hugging Face Hub: ids, opening datasets, publishing folders, errors of one line."""
