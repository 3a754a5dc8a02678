"""The LLM teacher: asks a language model for a path's sub-goals and fits its answer to the path."""
