"""Records of episodes and runs, statistics, outcomes."""
