"""Sub-goals for expert trajectories: by rules or by a language model."""
