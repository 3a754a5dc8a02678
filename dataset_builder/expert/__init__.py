"""Expert trajectories: solved, simplified, verified by replay."""
