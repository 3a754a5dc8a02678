"""Small agents with tools: training on conversations, and answering them in batches."""
