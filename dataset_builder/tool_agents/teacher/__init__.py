"""Teachers of agents with tools: a language model as a CodeAgent, a program, or published trajectories."""
