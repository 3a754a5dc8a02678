"""The data model: steps, sub-goals, agent state, model input, corpus folder."""
