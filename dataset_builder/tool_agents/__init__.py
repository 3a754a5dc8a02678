"""Small agents with tools: questions, retrieval, a sandbox for code, and a teacher's trajectories."""
