"""Cost of language models, and break-even points."""
