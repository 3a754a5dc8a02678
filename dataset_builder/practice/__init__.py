"""Data augmentation: expert trajectories replayed in rearranged worlds."""
